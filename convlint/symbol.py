"""What the letters of inputs may be: the `--dim` language.

    H=224..512%32    a multiple of 32 from 224 to 512, both included
    H=64..           at least 64; `..512` at most 512; `%32` any multiple of 32
    N=1/2/8          one of these; several ranges may stand so too
    W=2*H            what another letter makes it

A letter of which nothing is said is any size of at least 1.
"""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from convlint.arithmetic.term import Term, term
from convlint.quote import quote

if TYPE_CHECKING:
    from convlint.spec import InputSpec

LARGEST: Final = 2**63 - 1
"""The largest size that torch has."""

_ACCEPTED: Final = "write H=224..512%32, N=1/2/8 or W=2*H"
_WRITTEN: Final = re.compile(r"[0-9./%\s]+")
_RANGE: Final = re.compile(r"(?:([0-9]+)|([0-9]*)\s*\.\.\s*([0-9]*))?\s*(?:%\s*([0-9]+))?")
_LETTER: Final = re.compile(r"[^\W\d_]\w*")


class SpecError(ValueError):
    """An input, or a size of one, that cannot be read; the message is one line."""


class LetterError(SpecError):
    """What is said of `letter` does not fit the inputs, or what is said of the others."""

    def __init__(self, letter: str, message: str) -> None:
        super().__init__(message)
        self.letter = letter


@dataclass(frozen=True, slots=True)
class Range:
    """Every `step`-th size from `first` to `last`, both included; None where it is open."""

    first: int
    last: int | None
    step: int = 1


@dataclass(frozen=True, slots=True)
class Domain:
    """What one letter may be: the sizes of some ranges, none of which is empty."""

    text: str
    """As it is written."""
    ranges: tuple[Range, ...]

    @property
    def is_bounded(self) -> bool:
        """Whether it has a largest size."""
        return self.largest is not None

    @property
    def smallest(self) -> int:
        """The smallest size."""
        return min(one.first for one in self.ranges)

    @property
    def largest(self) -> int | None:
        """The largest size; None where there is none."""
        ends = [one.last for one in self.ranges if one.last is not None]
        return max(ends) if len(ends) == len(self.ranges) else None

    def values(self, limit: int) -> tuple[int, ...]:
        """The sizes up to `limit`, ascending."""
        found: set[int] = set()
        for one in self.ranges:
            end = limit if one.last is None else min(limit, one.last)
            found.update(range(one.first, end + 1, one.step))
        return tuple(sorted(found))

    def first(self, count: int) -> tuple[int, ...]:
        """The smallest sizes, ascending: so many, or as many as there are."""
        found: set[int] = set()
        for one in self.ranges:
            end = LARGEST if one.last is None else one.last
            found.update(range(one.first, end + 1, one.step)[:count])
        return tuple(sorted(found)[:count])

    def __contains__(self, size: int) -> bool:
        return any(
            one.first <= size <= (LARGEST if one.last is None else one.last)
            and (size - one.first) % one.step == 0
            for one in self.ranges
        )

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Dims:
    """What is said of the letters: of each, what it may be, or what others make it."""

    domains: tuple[tuple[str, Domain], ...] = ()
    equations: tuple[tuple[str, Term], ...] = ()

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of which something is said."""
        return tuple(letter for letter, _ in (*self.domains, *self.equations))

    @property
    def words(self) -> tuple[str, ...]:
        """What is said, as `--dim` takes it."""
        said: tuple[tuple[str, Domain | Term], ...] = (*self.domains, *self.equations)
        return tuple(f"{letter}={one.text}" for letter, one in said)

    def domain(self, letter: str) -> Domain | None:
        """What a letter may be, where that is said."""
        return dict(self.domains).get(letter)

    def completed(self, sizes: Mapping[str, int]) -> dict[str, int] | None:
        """The sizes of letters with those that the equations give.

        None where one is no whole number of at least 1, or where a letter that it is made of has
        no size.
        """
        found, left = dict(sizes), dict(self.equations)
        while left:
            before = len(left)
            for letter, made in tuple(left.items()):
                if left.keys().isdisjoint(made.letters):
                    size = made.exact(found)
                    if size is None or not 1 <= size <= LARGEST:
                        return None
                    found[letter] = size
                    del left[letter]
            if len(left) == before:
                return None
        return found

    def free(self, inputs: Sequence[InputSpec]) -> tuple[str, ...]:
        """The letters of `inputs` that no equation gives, in order of appearance."""
        given = dict(self.equations)
        letters = dict.fromkeys(letter for one in inputs for letter in one.letters)
        return tuple(letter for letter in letters if letter not in given)

    def below(self, other: Dims) -> Dims:
        """Both; where both speak of a letter, it is what `other` says."""
        return Dims(
            (*(one for one in self.domains if one[0] not in other.letters), *other.domains),
            (*(one for one in self.equations if one[0] not in other.letters), *other.equations),
        )

    def including(self, inputs: Sequence[InputSpec]) -> Dims:
        """The same, with what is written within the inputs (`1,3,224..512,224`)."""
        written = [pair for one in inputs for pair in one.domains if pair not in self.domains]
        return Dims((*self.domains, *written), self.equations)

    def check(self, inputs: Sequence[InputSpec]) -> None:
        """Refuse what cannot be meant of these inputs.

        Raises:
            LetterError: a letter is in none of them, or something is said of it twice, or it is
                made of itself.
        """
        have = dict.fromkeys(letter for one in inputs for letter in one.letters)
        for letter in (*self.letters, *(name for _, one in self.equations for name in one.letters)):
            if letter not in have:
                told = f"they have {', '.join(have)}" if have else "they have none"
                raise LetterError(
                    letter, f"there is no letter {quote(letter)} in the inputs; {told}"
                )
        _distinct(self.including(inputs).letters)
        self.check_cycles()

    def check_cycles(self) -> None:
        """Refuse letters that are made of themselves.

        Raises:
            LetterError: one is, at once or by others.
        """
        equations = dict(self.equations)
        needs = {letter: made.letters for letter, made in self.equations}
        try:
            graphlib.TopologicalSorter(needs).prepare()
        except graphlib.CycleError as error:
            ring = [letter for letter in equations if letter in error.args[1]]
            told = ", ".join(quote(f"{one}={equations[one].text}") for one in ring[:4])
            raise LetterError(ring[0], f"{quote(ring[0])} is made of itself: {told}") from None


def parse(texts: Iterable[str]) -> Dims:
    """What several `--dim` say.

    Raises:
        SpecError: one cannot be read, or they do not go together.
    """
    pairs = []
    for text in texts:
        letter, equals, size = text.partition("=")
        if not equals:
            raise SpecError(f"{quote(text)} has no `=`; {_ACCEPTED}")
        pairs.append((letter, size))
    return _declared(pairs)


def parse_all(dims: object) -> Dims:
    """What a library caller says: a mapping from letters to texts or sizes.

    Raises:
        SpecError: it cannot be read.
    """
    if dims is None:
        return Dims()
    if isinstance(dims, Dims):
        return dims
    if not isinstance(dims, Mapping):
        raise SpecError(f'{quote(repr(dims))} says no sizes; write {{"H": "224..512%32"}}')
    return _declared(dims.items())


def assigned(sizes: Mapping[str, int]) -> str:
    """A size for each letter, as it is said."""
    return ", ".join(f"{letter} = {n}" for letter, n in sizes.items())


def is_domain(text: str) -> bool:
    """Whether a size is written as a range or a set, and not as a number or a formula."""
    return bool(_WRITTEN.fullmatch(text)) and bool(set(text) & set("./%")) and "//" not in text


def domain(text: str) -> Domain:
    """The sizes that `224..512%32` or `1/2/8` are.

    Raises:
        SpecError: it cannot be read, or there are none.
    """
    return Domain(text, tuple(_ranges(text)))


def _declared(pairs: Iterable[tuple[object, object]]) -> Dims:
    domains: list[tuple[str, Domain]] = []
    equations: list[tuple[str, Term]] = []
    for name, said in pairs:
        letter = _letter(name)
        try:
            read = _said(said)
        except SpecError as error:
            raise LetterError(letter, f"{quote(letter)} is {error}") from None
        if isinstance(read, Domain):
            domains.append((letter, read))
        else:
            equations.append((letter, read))
    made = Dims(tuple(domains), tuple(equations))
    _distinct(made.letters)
    made.check_cycles()
    return made


def _letter(name: object) -> str:
    found = term(name) if isinstance(name, str) else None
    if found is None or found.letter is None or not _LETTER.fullmatch(found.letter):
        raise SpecError(f"{quote(str(name))} is no letter of an input; {_ACCEPTED}")
    return found.letter


def _distinct(letters: Sequence[str]) -> None:
    for letter in letters:
        if letters.count(letter) > 1:
            raise LetterError(letter, f"it is said twice what {quote(letter)} is")


def _said(given: object) -> Domain | Term:
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        raise SpecError(f"{quote(repr(given))}, which is neither a text nor a size; {_ACCEPTED}")
    text = str(given).strip() if isinstance(given, str) else _digits(given)
    if _WRITTEN.fullmatch(text) and "//" not in text:
        return domain(text)
    found = size_term(text)
    return found if found.letters else domain(str(found.exact({})))


def size_term(text: str) -> Term:
    """The number or formula that a size is; what it is without letters is at least 1.

    Raises:
        SpecError: it is none; the message begins with the text.
    """
    found = term(text) if text.isprintable() else None
    if found is None or found.tree is None or not all(map(_LETTER.fullmatch, found.letters)):
        raise SpecError(
            f"{quote(text)}, which is neither a size (8), a letter (N), a formula (H/2), "
            "a range (224..512) nor a set (1/2/8)"
        )
    if not found.letters:
        _size(found.exact({}), text)
    return found


def _ranges(text: str) -> Iterator[Range]:
    for part in text.split("/"):
        match = _RANGE.fullmatch(part.strip())
        if match is None or not any(match.groups()) or (match[1] and match[4]):
            raise SpecError(
                f"{quote(text)}, which is no range: write 224..512, 224..512%32, 64.. or 1/2/8"
            )
        first, last, step = (_number(number, text) for number in match.group(2, 3, 4))
        if match[1]:
            first = last = _number(match[1], text)
        step = step or 1
        first = -(-(first or 1) // step) * step
        last = None if last is None else last // step * step
        if first > (LARGEST if last is None else last):
            raise SpecError(f"{quote(text)}, and there is no size in {quote(part.strip())}")
        yield Range(first, last, step)


def _number(digits: str | None, text: str) -> int | None:
    if not digits:
        return None
    return _size(int(digits) if len(digits) <= 20 else LARGEST + 1, text)


def _digits(size: int) -> str:
    return str(size) if -LARGEST <= size <= LARGEST else "9" * 20


def _size(size: int | None, text: str) -> int:
    if size is None:
        raise SpecError(f"{quote(text)}, which is not a whole number")
    if size < 1:
        raise SpecError(f"{quote(text)}; a size must be at least 1")
    if size > LARGEST:
        raise SpecError(f"{quote(text)}, which is too large")
    return size
