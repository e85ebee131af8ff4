"""What the letters in the comments of one function stand for: `H` of `(N, 64, H/4, W/4)`.

Many write letters loosely: `C` for whatever channels there are, `H/2` for half of what came in.
A letter is taken at its word only where the comments themselves show that it is one size
throughout: at least two are right, more than are wrong, and one of them is right although it would
not be if the letter meant what its own line takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from convlint.advice.comment import Comment, Passage
from convlint.arithmetic.notation import BATCH, aligned
from convlint.arithmetic.term import Term
from convlint.dims import Shape


@dataclass(frozen=True, slots=True)
class _Use:
    """A letter in a comment: alone or calculated with, the size there, and what the line takes."""

    comment: Comment
    term: Term
    side: int
    taken: tuple[int, ...]

    def is_right(self, letter: str, size: int) -> bool:
        """Whether the letter may be `size` here."""
        return self.side in self.term.values({letter: size})

    def is_wrong(self, letter: str, size: int) -> bool:
        """Whether it cannot: borders that a window loses are not counted."""
        return bool(self.term.values({letter: size})) and all(
            abs(self.side - value) > 1 and 2 * max(self.side, value) >= 3 * min(self.side, value)
            for value in self.term.values({letter: size})
        )

    def is_telling(self, letter: str, size: int) -> bool:
        """Whether it is right, and would not be if the letter meant what the line takes."""
        bare = self.term.letter is not None
        return (
            not bare
            and self.is_right(letter, size)
            and not any(self.is_right(letter, taken) for taken in self.taken)
        )


def bound(passage: Passage) -> Mapping[str, int]:
    """The letters that are one size throughout a function, with that size."""
    if any(len({str(t) for t in comment.results}) > 1 for comment in passage.comments):
        return {}
    uses: dict[str, list[_Use]] = {}
    for use in _uses(passage.comments):
        uses.setdefault(use.term.letters[0], []).append(use)
    return {
        letter: size
        for letter, found in uses.items()
        if letter not in passage.rebound and (size := _size(letter, found)) is not None
    }


def _uses(comments: Sequence[Comment]) -> Iterator[_Use]:
    for comment in comments:
        shape = comment.results[-1].shape
        for place, axis in enumerate(_aligned(comment, shape)):
            one = comment.written.items[place].term
            if not axis or shape is None or len(one.letters) != 1 or one.letters[0] in BATCH:
                continue
            side = shape[axis]
            if isinstance(side, int):
                yield _Use(comment, one, side, tuple(_taken(comment, axis, len(shape))))


def _aligned(comment: Comment, shape: Shape | None) -> Sequence[int | None]:
    return () if shape is None else aligned(comment.written, shape) or ()


def _taken(comment: Comment, axis: int, rank: int) -> Iterator[int]:
    for tensor in comment.taken:
        shape = tensor.shape or ()
        if len(shape) == rank and isinstance(side := shape[axis], int):
            yield side


def _size(letter: str, uses: Sequence[_Use]) -> int | None:
    """The size that most uses agree on, where they leave no doubt."""
    candidates = {u.side for u in uses if u.term.letter} | {s for u in uses for s in u.taken}
    candidates |= {k * u.side for u in uses for k in (2, 4, 8, 16, 32)}
    scores = {size: sum(use.is_right(letter, size) for use in uses) for size in candidates}
    best = max(scores.values(), default=0)
    sizes = [size for size, score in scores.items() if score == best]
    if best < 2 or 2 * max(sizes) >= 3 * min(sizes):
        return None
    size = max(sizes, key=lambda one: (any(u.side == one for u in uses), -one))
    wrong = sum(use.is_wrong(letter, size) for use in uses)
    if wrong >= best or not any(use.is_telling(letter, size) for use in uses):
        return None
    return size


def contradicted(comment: Comment, sizes: Mapping[str, int]) -> dict[int, tuple[int, int]]:
    """By the item's place: the axis on which a letter is wrong, and the size there."""
    shape = comment.results[-1].shape
    found = {}
    for place, axis in enumerate(_aligned(comment, shape)):
        one = comment.written.items[place].term
        if not axis or shape is None or len(one.letters) != 1 or one.letters[0] not in sizes:
            continue
        side, letter = shape[axis], one.letters[0]
        if isinstance(side, int) and _Use(comment, one, side, ()).is_wrong(letter, sizes[letter]):
            found[place] = axis, side
    return found


def rewritten(one: Term, size: int, side: int) -> str:
    """`side` in terms of the letter of `one`, in the way `one` is written."""
    letter = one.letters[0]
    slash = next((s for s in (" // ", "//", " / ") if s in one.text), "/")
    times = next((s for s in (" * ", "*") if s in one.text), "*")
    if side == size:
        return letter
    if size % side == 0:
        return f"{letter}{slash}{size // side}"
    return f"{side // size}{times}{letter}" if side % size == 0 else str(side)
