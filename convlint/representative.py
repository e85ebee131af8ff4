"""One size for every letter of symbolic inputs: that at which a network is looked at first."""

from __future__ import annotations

import functools
import graphlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from convlint.arithmetic.notation import BATCH
from convlint.arithmetic.term import Term
from convlint.quote import quote
from convlint.spec import InputSpec, SpecError, letters
from convlint.symbol import LARGEST, Dims

_BATCHES: Final = (2,)  # one sample hides what two show
_SIDES: Final = (224, 256, 512, 64, 32, 28)
_OTHERS: Final = (16, 64, 128)

_WIDE: Final = 1024
"""How many sizes of a letter are tried beside the preferred ones: formulas have small divisors."""

_LETTERS: Final = 100

_MOST: Final = 5_000
"""How many choices are tried in all."""


def representative(inputs: Sequence[InputSpec], dims: Dims) -> dict[str, int]:
    """A size for every letter: the usual one that lies in its domain, and fits the formulas.

    Raises:
        SpecError: what is said of the letters does not fit the inputs, or no sizes fit it.
    """
    dims.check(inputs)
    dims = dims.including(inputs)
    free = dims.free(inputs)
    if len(letters(inputs)) > _LETTERS:
        raise SpecError(f"the inputs have more than {_LETTERS} letters")
    sides = _sides(inputs)
    candidates = {letter: tuple(_candidates(letter, letter in sides, dims)) for letter in free}
    found = next(_fitting(inputs, dims, candidates), None)
    if found is None:
        terms = dict.fromkeys(one.text for spec in inputs for one in spec.terms if not one.letter)
        told = ", ".join(map(quote, (*terms, *dims.words)))
        raise SpecError(f"no sizes were found for which all is a whole size of at least 1: {told}")
    return found


def resolved(inputs: Sequence[InputSpec], dims: Dims) -> tuple[InputSpec, ...]:
    """The inputs at those sizes.

    Raises:
        SpecError: there are none.
    """
    sizes = representative(inputs, dims)
    return tuple(one.at(sizes) for one in inputs)


def _sides(inputs: Sequence[InputSpec]) -> frozenset[str]:
    """Letters that are a side of an image, by their name or their place."""
    shapes = [spec.shape for spec in inputs if spec.shape is not None and len(spec.shape) > 3]
    last = [size.letter for shape in shapes for size in shape[-2:] if not isinstance(size, int)]
    return frozenset({"H", "W", *filter(None, last)})


def _candidates(letter: str, side: bool, dims: Dims) -> Iterator[int]:
    usual = _BATCHES if letter in BATCH else _SIDES if side else _OTHERS
    domain = dims.domain(letter)
    if domain is None:
        yield from dict.fromkeys((*usual, *range(1, _WIDE + 1)))
        return
    yield from (size for size in usual if size in domain)
    yield from domain.first(_WIDE)


def _fitting(
    inputs: Sequence[InputSpec], dims: Dims, candidates: Mapping[str, tuple[int, ...]]
) -> Iterator[dict[str, int]]:
    """The choices for which every formula gives a size, the preferred ones first."""
    free = tuple(candidates)
    equations, terms = dict(_ordered(dims)), [one for spec in inputs for one in spec.terms]

    @functools.cache
    def place_of(letter: str) -> int:
        return free.index(letter) + 1 if letter in free else depth(equations[letter])

    def depth(one: Term) -> int:
        """How many of the free letters must be chosen before it can be calculated."""
        return max(map(place_of, one.letters))

    given = [
        Dims((), tuple(one for one in equations.items() if depth(one[1]) <= place))
        for place in range(len(free) + 1)
    ]
    made = [[one for one in terms if depth(one) == place] for place in range(len(free) + 1)]
    left = itertools.repeat(None, _MOST)

    def chosen(sizes: Mapping[str, int], place: int) -> Iterator[dict[str, int]]:
        found = given[place].completed(sizes)
        if found is None or not all(_is_size(one.exact(found)) for one in made[place]):
            return
        if place == len(free):
            yield found
            return
        for size, _ in zip(candidates[free[place]], left, strict=False):
            yield from chosen({**sizes, free[place]: size}, place + 1)

    yield from chosen({}, 0)


def _ordered(dims: Dims) -> Iterator[tuple[str, Term]]:
    """The equations, each behind those that it needs."""
    equations = dict(dims.equations)
    needs = {letter: made.letters for letter, made in equations.items()}
    for letter in graphlib.TopologicalSorter(needs).static_order():
        if letter in equations:
            yield letter, equations[letter]


def _is_size(value: int | None) -> bool:
    return value is not None and 1 <= value <= LARGEST
