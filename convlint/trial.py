"""The sizes at which `assert_shapes` tries a network whose inputs have letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from convlint.quote import quote
from convlint.spec import InputSpec, SpecError
from convlint.symbol import Domain, assigned, parse_all

_BATCH: Final = ("N", "B")
_BATCHES: Final = (2, 3, 1)
_SIDES: Final = (64, 96, 128, 160, 192, 224, 256)
"""Multiples of 32, for most networks halve a side five times at most."""

_TURNS: Final = (0, 2, 1)
"""In which order the sides are tried: the second is far from the first."""


def sizes(
    inputs: Sequence[InputSpec], at: Mapping[str, int | str | Iterable[int]], least: int = 1
) -> Iterator[dict[str, int]]:
    """The sizes to try: every one that is given, and else batches and sides that differ.

    Args:
        at: one size, several, or a text as `--dim` has it, for some of the letters.
        least: the smallest batch.

    Raises:
        SpecError: sizes are given for a letter that is not there, or none are.
    """
    said = parse_all({letter: one for letter, one in at.items() if isinstance(one, str)})
    said.check(inputs)
    dims = said.including(inputs)
    free = dims.free(inputs)
    tried = {
        letter: _wanted(letter, free, one) for letter, one in at.items() if not isinstance(one, str)
    }
    sides = iter(range(len(free)))
    for letter in free:
        if letter in tried:
            continue
        domain = dims.domain(letter)
        if letter in _BATCH:
            tried[letter] = _batches(domain, least)
        else:
            tried[letter] = _sides(domain, next(sides))
    rounds = max((len(one) for one in tried.values()), default=1)
    for turn in range(rounds):
        chosen = {letter: tried[letter][turn % len(tried[letter])] for letter in free}
        made = dims.completed(chosen)
        if made is None:
            words = ", ".join(f"{letter}={one.text}" for letter, one in dims.equations)
            raise SpecError(
                f"{quote(words)} gives no whole size of at least 1 where {assigned(chosen)}"
            )
        yield made


def _batches(domain: Domain | None, least: int) -> list[int]:
    if domain is None:
        return [size for size in _BATCHES if size >= least]
    usual = [size for size in _BATCHES if size in domain]
    pool = list(dict.fromkeys((*usual, *domain.first(len(_BATCHES) + least))))
    return [size for size in pool if size >= least][: len(_BATCHES)] or pool


def _sides(domain: Domain | None, place: int) -> list[int]:
    """Other sides for every `place`: what is not square is mixed up seldom."""
    pool = list(_SIDES)
    if domain is not None:
        usual = (side for side in _SIDES if side in domain)
        pool = list(dict.fromkeys((*usual, *domain.first(len(_SIDES)))))
    return list(dict.fromkeys(pool[(place + turn) % len(pool)] for turn in _TURNS))


def _wanted(letter: str, free: tuple[str, ...], size: int | Iterable[int]) -> list[int]:
    if letter not in free:
        have = ", ".join(free) or "none"
        raise SpecError(f"there is no letter {quote(letter)} in the inputs; they have {have}")
    wanted = list(size) if isinstance(size, Iterable) else [size]
    for one in wanted:
        if isinstance(one, bool) or not isinstance(one, int) or one < 1:
            raise SpecError(f"{quote(letter)} is {quote(repr(one))}; a size is a whole number")
    if not wanted:
        raise SpecError(f"no size is given for {quote(letter)}")
    return wanted
