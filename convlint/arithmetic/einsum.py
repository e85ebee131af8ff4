"""The equations of `torch.einsum`: https://docs.pytorch.org/docs/stable/generated/torch.einsum.html"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from convlint.arithmetic.broadcast import broadcast
from convlint.dims import Dim, Shape, Unknown

ELLIPSIS: Final = "..."


class EquationError(ValueError):
    """The equation says nothing sensible, whatever the shapes are; the text says why."""


@dataclass(frozen=True, slots=True)
class Equation:
    """`bij,bjk->bik`: the letters of every operand, and of the result (`...` is one of them)."""

    operands: tuple[tuple[str, ...], ...]
    result: tuple[str, ...]


@functools.lru_cache(maxsize=256)
def parse(equation: str) -> Equation:
    """Take an equation apart; without `->` the result has the letters that occur once.

    Raises:
        EquationError: a stray character, a letter of the result that no operand has, ...
    """
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    operands = tuple(_letters(term) for term in left.split(","))
    if arrow:
        result = _letters(right)
        used = {letter for term in operands for letter in term}
        for letter in result:
            if letter != ELLIPSIS and letter not in used:
                raise EquationError(f"output letter {letter} is in no operand")
            if result.count(letter) > 1:
                raise EquationError(f"output letter {letter} appears more than once")
    else:
        every = [letter for term in operands for letter in term]
        once = sorted(x for x in set(every) if every.count(x) == 1 and x != ELLIPSIS)
        result = ((ELLIPSIS,) if ELLIPSIS in every else ()) + tuple(
            sorted(once, key=lambda x: (x.islower(), x))
        )
    return Equation(operands, result)


def spread(term: tuple[str, ...], shape: Shape) -> tuple[dict[str, list[Dim]], Shape] | None:
    """The sizes of every letter of one operand, and those under its `...`.

    None where the operand has not as many axes as the term has letters.
    """
    own = [letter for letter in term if letter != ELLIPSIS]
    extra = len(shape) - len(own)
    if extra < 0 or (extra and ELLIPSIS not in term):
        return None
    at = term.index(ELLIPSIS) if ELLIPSIS in term else len(own)
    sizes = (*shape[:at], *shape[at + extra :])
    found: dict[str, list[Dim]] = {}
    for letter, size in zip(own, sizes, strict=True):
        found.setdefault(letter, []).append(size)
    return found, shape[at : at + extra]


def result(equation: Equation, shapes: tuple[Shape, ...]) -> Shape | None:
    """What comes out; a letter with disputed sizes, or in a term that does not fit, is unknown."""
    letters: dict[str, Dim] = {}
    rest: Shape = ()
    for term, shape in zip(equation.operands, shapes, strict=True):
        found = spread(term, shape)
        if found is None:
            if ELLIPSIS in term and ELLIPSIS in equation.result:
                return None
            continue
        for letter, sizes in found[0].items():
            for size in sizes:
                letters[letter] = agreed(letters.get(letter, 1), size)
        rest = broadcast(rest, found[1])
    return tuple(
        size
        for letter in equation.result
        for size in (rest if letter == ELLIPSIS else (letters.get(letter, Unknown()),))
    )


def contracted(equation: Equation, shapes: tuple[Shape, ...]) -> bool:
    """Whether two operands are multiplied as matrices: they share a letter that is summed over."""
    if len(shapes) != 2:
        return False
    found = [spread(term, shape) for term, shape in zip(equation.operands, shapes, strict=True)]
    if found[0] is None or found[1] is None:
        return False
    first, second = found[0][0], found[1][0]
    shared = (first.keys() & second.keys()) - set(equation.result)
    return any(_long(first[letter]) and _long(second[letter]) for letter in shared)


def _long(sizes: list[Dim]) -> bool:
    return isinstance(sizes[0], int) and sizes[0] != 1


def agreed(first: Dim, second: Dim) -> Dim:
    """The size of a letter that two operands have: sizes of one broadcast."""
    (size,) = broadcast((first,), (second,))
    if isinstance(first, int) and isinstance(second, int) and first != second:
        return Unknown(first) if 1 not in (first, second) else size
    return size


def _letters(term: str) -> tuple[str, ...]:
    before, dots, after = term.partition(ELLIPSIS)
    for letter in before + after:
        if not (letter.isascii() and letter.isalpha()):
            raise EquationError(f"{letter!r} is no letter")
    return (*before, ELLIPSIS, *after) if dots else tuple(before)
