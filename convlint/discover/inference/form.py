"""What an input looks like before its sizes are chosen: numbers, letters and a dtype."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch

from convlint.arithmetic.term import Term, term
from convlint.tensor import TensorSpec

Sizes: TypeAlias = Mapping[str, int]
"""A number for every letter."""

_LETTERS: Final[Mapping[int, tuple[str, ...]]] = {
    4: ("N", "C", "H", "W"),
    5: ("N", "C", "D", "H", "W"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """The sides of one input.

    Letters that stand for the same size in all inputs: N samples, C channels, an image of H × W
    or D × H × W, T steps or whatever else is no image.
    """

    sides: tuple[int | str, ...]
    dtype: str = "float32"

    def shape(self, sizes: Sizes) -> tuple[int, ...]:
        """The sides with numbers for the letters."""
        return tuple(sizes[one] if isinstance(one, str) else one for one in self.sides)

    @property
    def terms(self) -> tuple[int | Term, ...]:
        """The sides as inputs are written: `N,3,H,W`."""
        found = [term(one) if isinstance(one, str) else one for one in self.sides]
        return tuple(one for one in found if one is not None)

    def spec(self, sizes: Sizes) -> TensorSpec:
        """A tensor of this form."""
        return TensorSpec(self.shape(sizes), getattr(torch, self.dtype))


def formed(rank: int, numbers: Mapping[int, int], dtype: str) -> Form:
    """The form of an input of `rank` axes of which some must have certain numbers."""
    letters = _LETTERS.get(rank, ("N", *"T" * (rank - 1)))
    if rank in _LETTERS and rank - 1 in numbers and not {1, rank - 2} & set(numbers):
        letters = (letters[0], *letters[2:], "C")  # channels last
    return Form(tuple(numbers.get(axis, letter) for axis, letter in enumerate(letters)), dtype)


def letters(forms: Iterable[Form]) -> Sequence[str]:
    """The letters that need a number."""
    return tuple(dict.fromkeys(s for form in forms for s in form.sides if isinstance(s, str)))
