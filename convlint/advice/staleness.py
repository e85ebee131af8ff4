"""Which comments that tell a shape are certainly wrong.

A number in a comment is wrong where it contradicts the shape that comes out, and
* numbers in the code fix that side (`nn.Conv2d(64, 128, 3)` gives 128 channels), or
* other comments of the function are right about sides of its kind (those that depend on the input,
  or on the constructor's arguments): then they were written for this input and these arguments, or
* the comment says that the line keeps the size, and no usual size of the input would make it true.
Otherwise it may have been written for another input, or another width of the network.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from convlint.advice.comment import Comment, Passage
from convlint.advice.dependence import Dependence, dependence
from convlint.advice.letters import bound, contradicted, rewritten
from convlint.advice.mending import mends
from convlint.advice.origin import origin
from convlint.advice.rescaling import usual_size
from convlint.arithmetic.notation import Notation, aligned
from convlint.arithmetic.term import Term
from convlint.dims import Dim, Shape, product
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec

_NUMBERS, _UNCLEAR = Dependence.NUMBERS, Dependence.UNCLEAR


@dataclass(frozen=True, slots=True)
class Stale:
    """A wrong comment, what comes out instead, the layer that sets the first wrong side."""

    comment: Comment
    results: tuple[TensorSpec, ...]
    source: Layer | None
    corrected: str | None
    mended: str | None = None
    """What to write in the code for the comment to be right."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """The sides on which a comment differs from a tensor, with what they depend on.

    By the place of the comment's item.
    """

    tensor: TensorSpec
    sides: Mapping[int, tuple[int, Dependence]]

    def of(self, kinds: frozenset[Dependence]) -> dict[int, int]:
        """The axes that depend on one of `kinds`."""
        return {place: axis for place, (axis, kind) in self.sides.items() if kind in kinds}


def stale(passage: Passage, network: Network) -> Iterator[Stale]:
    """The wrong comments of one function."""
    batch, letters = _batch(network), bound(passage)
    kinds_of = {c.location: _right(c, batch) for c in passage.comments}
    right = Counter(kind for kinds in kinds_of.values() for kind in kinds)
    style = any(kinds_of[c.location] and not _tells_input(c) for c in passage.comments)
    found = [(c, _doubt(c, batch, style)) for c in passage.comments]
    sure = _sure(right, [doubt for _, doubt in found if doubt is not None])
    for comment, doubt in found:
        tensor = comment.results[-1]
        wrong: dict[int, tuple[int, str]] = {}
        for place, (axis, side) in contradicted(comment, letters).items():
            one = comment.written.items[place].term
            wrong[place] = axis, rewritten(one, letters[one.letters[0]], side)
        if doubt is not None:
            kinds = frozenset(Dependence) if _keeps(comment, doubt, sure, network) else sure
            for place, axis in doubt.of(kinds).items():
                wrong[place] = axis, str((tensor.shape or ())[axis])
        if not wrong and _UNCLEAR in sure and _is_misranked(comment):
            results = _distinct(comment.results)
            yield Stale(comment, results, tensor.source, _rewritten(comment, results))
        if wrong:
            results = _distinct(comment.results)
            source, lone = origin(tensor, wrong[min(wrong)][0]), len(results) == 1
            corrected = _corrected(comment, {p: w for p, (_, w) in wrong.items()})
            mended = _mended(comment, tensor, wrong) if lone else None
            yield Stale(comment, results, source, corrected if lone else None, mended)


def _sure(right: Mapping[Dependence, int], doubts: Sequence[_Doubt]) -> frozenset[Dependence]:
    """The kinds of sides for which the comments were written for just this network."""
    wrong = Counter(kind for doubt in doubts for kind in {k for _, k in doubt.sides.values()})
    kinds = (Dependence.ARGUMENTS, Dependence.INPUT)
    found = {kind for kind in kinds if right.get(kind, 0) >= max(1, wrong[kind])}
    if len(found) == len(kinds) and sum(right.values()) >= wrong[_UNCLEAR]:
        found.add(_UNCLEAR)
    return frozenset(found | {_NUMBERS})


def _batch(network: Network) -> frozenset[object]:
    """The sizes that a batch may have."""
    return frozenset(
        spec.shape[0]
        for layer in network.inputs
        if isinstance(spec := layer.output, TensorSpec) and spec.shape
    )


def _distinct(tensors: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    return tuple({str(t): t for t in tensors}.values())


def _numbers(written: Notation, shape: Shape) -> dict[int, tuple[int, int]] | None:
    """By the item's place: the axis that a number is written for, and the number.

    The batch is left out: a network takes any.
    """
    places = aligned(written, shape)
    if places is None:
        return None
    return {
        place: (axis, number)
        for place, axis in enumerate(places)
        if axis and (number := written.items[place].term.number)
    }


def _is_true(written: Notation, shape: Shape) -> bool:
    numbers = _numbers(written, shape)
    return numbers is not None and not any(shape[a] != n for a, n in numbers.values())


def _is_true_of(written: Notation, tensor: TensorSpec) -> bool:
    """Whether a comment may be meant of a tensor, sides of 1 left out or not."""
    shape = tensor.shape
    if shape is None or _is_true(written, shape):
        return True
    terms = [item.term for item in written.items if item.term.number != 1]
    if any(term.rest for term in terms):
        return False
    sides = [side for side in shape[1:] if not (isinstance(side, int) and side == 1)]
    return _agree(terms, sides) or _agree(terms[1:], sides)


def _agree(terms: Sequence[Term], sides: Sequence[Dim]) -> bool:
    return len(terms) == len(sides) and not any(
        (number := term.number) and side != number for term, side in zip(terms, sides, strict=True)
    )


def _right(comment: Comment, batch: frozenset[object]) -> set[Dependence]:
    """What the sides depend on about which a comment is right."""
    kinds: set[Dependence] = set()
    for tensor in _distinct(comment.results):
        shape = tensor.shape
        if shape is None or not _is_true(comment.written, shape):
            continue
        for axis, number in (_numbers(comment.written, shape) or {}).values():
            if number > 1 and number not in batch and shape[axis] == number:
                kinds.add(dependence(tensor, axis, comment.owner))
    return kinds


def _tells_input(comment: Comment) -> bool:
    """Whether a comment may be meant of what its line takes."""
    return any(_is_true_of(comment.written, tensor) for tensor in comment.taken)


def _doubt(comment: Comment, batch: frozenset[object], style: bool) -> _Doubt | None:
    """On what a comment differs from all that its line gives; None where it may be right.

    Args:
        style: whether comments of this function are known to tell what comes out.
    """
    if any(_is_true_of(comment.written, tensor) for tensor in comment.made):
        return None
    if not style and _tells_input(comment):
        return None
    found = [_of_tensor(comment, tensor, batch) for tensor in _distinct(comment.results)]
    doubts = [doubt for doubt in found if doubt is not None]
    if len(doubts) < len(found) or not doubts:
        return None
    if len(doubts) == 1:
        return doubts[0]
    # in one run it may be this side that is wrong, in another that
    same = {
        place: side
        for place, side in doubts[-1].sides.items()
        if all(doubt.sides.get(place) == (side[0], _NUMBERS) for doubt in doubts)
    }
    return _Doubt(doubts[-1].tensor, same) if same else None


def _of_tensor(comment: Comment, tensor: TensorSpec, batch: frozenset[object]) -> _Doubt | None:
    written, shape = comment.written, tensor.shape
    numbers = None if shape is None else _numbers(written, shape)
    if not numbers or shape is None or not _describes(written, shape, numbers):
        return None
    sides = {}
    for place, (axis, number) in numbers.items():
        if isinstance(shape[axis], int) and shape[axis] != number:
            kind = dependence(tensor, axis, comment.owner)
            if kind is _NUMBERS or shape[axis] not in (*batch, 1):
                sides[place] = axis, kind
    return _Doubt(tensor, sides) if sides else None


def _describes(written: Notation, shape: Shape, numbers: Mapping[int, tuple[int, int]]) -> bool:
    """Whether a comment is about this tensor's shape, and in this order."""
    if len(shape) > 3 or not written.explicit:  # channels last, written of a channels-first map
        counted = Counter(number for _, number in numbers.values())
        if not counted - Counter(side for side in shape[1:] if isinstance(side, int)):
            return False
        if shape[1] in counted and (1, shape[1]) not in numbers.values():
            return False
    return written.explicit or any(n > 1 and shape[axis] == n for axis, n in numbers.values())


def _keeps(comment: Comment, doubt: _Doubt, sure: frozenset[Dependence], network: Network) -> bool:
    """Whether a comment says that its line keeps a size which it does not keep.

    Not where it would be true at another usual size of the input.
    """
    shape, layer = doubt.tensor.shape or (), doubt.tensor.source
    axes = doubt.of(frozenset(Dependence) - sure)
    numbers = {axis: comment.written.items[p].term.number or 0 for p, axis in axes.items()}
    incoming = [t.shape for t in comment.taken if t.shape and len(t.shape) == len(shape)]
    if not numbers or layer is None:
        return False
    if not any(all(given[axis] == n for axis, n in numbers.items()) for given in incoming):
        return False
    axis, number = next(iter(numbers.items()))
    side = shape[axis]
    if not isinstance(side, int) or side < 1:
        return False

    def holds(other: Shape) -> bool:
        return _is_true(comment.written, other)

    return usual_size(network, layer, number / side, holds) is None


def _is_misranked(comment: Comment) -> bool:
    """Whether a comment has another number of axes than all that its line gives or takes."""
    written = comment.written
    numbers = [item.term.number for item in written.items[1:]]
    if not written.explicit or None in numbers or written.rest is not None:
        return False
    if any(_is_true_of(written, tensor) for tensor in (*comment.made, *comment.taken)):
        return False
    counts = [product(tensor.shape[1:]) for tensor in comment.results if tensor.shape]
    return len(counts) == len(comment.results) and all(
        aligned(written, tensor.shape or ()) is None
        and isinstance(count, int)
        and count != math.prod(n for n in numbers if n)
        for tensor, count in zip(comment.results, counts, strict=True)
    )


def _rewritten(comment: Comment, results: Sequence[TensorSpec]) -> str | None:
    """The comment with the sides that come out, separated as the author does it."""
    if len(results) != 1 or not results[0].shape:
        return None
    first, second, *_ = items = comment.written.items
    text, sides = comment.text, results[0].shape
    head = str(sides[0]) if first.term.number else first.term.text
    listed = text[first.end : second.start].join((head, *(str(side) for side in sides[1:])))
    return text[: first.start] + listed + text[items[-1].end :]


def _mended(
    comment: Comment, tensor: TensorSpec, wrong: Mapping[int, tuple[int, str]]
) -> str | None:
    wanted = {
        axis - len(tensor.shape or ()): number
        for place, (axis, _) in wrong.items()
        if (number := comment.written.items[place].term.number)
    }
    return next(mends(tensor, wanted, tensor), None) if wanted else None


def _corrected(comment: Comment, words: Mapping[int, str]) -> str:
    """The comment with other words for the items at these places."""
    text = comment.text
    for place in sorted(words, reverse=True):
        item = comment.written.items[place]
        text = f"{text[: item.start]}{words[place]}{text[item.end :]}"
    return text
