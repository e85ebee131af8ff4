"""The candidates: every combination of the sizes that each letter may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]
"""An array over a grid: as many axes as letters, of length 1 where a letter does not matter."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The sizes of one letter, ascending.

    `is_open` where larger sizes are of interest too: then they have equal steps.
    """

    letter: str
    sizes: tuple[int, ...]
    is_open: bool = False

    @property
    def step(self) -> int | None:
        """The distance of all neighbours, where it is the same."""
        steps = {b - a for a, b in zip(self.sizes, self.sizes[1:], strict=False)}
        return steps.pop() if len(steps) == 1 else None


@dataclass(frozen=True)
class Grid:
    """All combinations; axis `i` of an array over it belongs to letter `i`."""

    axes: tuple[Axis, ...]

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters, in order."""
        return tuple(axis.letter for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many sizes each letter has."""
        return tuple(len(axis.sizes) for axis in self.axes)

    @cached_property
    def values(self) -> tuple[Numbers, ...]:
        """The sizes of each letter, along its axis of the grid."""
        return tuple(
            np.array(axis.sizes, dtype=np.int64).reshape(self.along(i))
            for i, axis in enumerate(self.axes)
        )

    def along(self, axis: int) -> tuple[int, ...]:
        """The shape of an array that depends on one letter only."""
        return tuple(-1 if i == axis else 1 for i in range(len(self.axes)))

    def at(self, place: tuple[int, ...]) -> dict[str, int]:
        """The sizes of one candidate, by letter."""
        return {axis.letter: axis.sizes[i] for axis, i in zip(self.axes, place, strict=True)}

    def place(self, sizes: Mapping[str, int]) -> tuple[int, ...] | None:
        """Where these sizes are; None where they are no candidates."""
        try:
            return tuple(axis.sizes.index(sizes[axis.letter]) for axis in self.axes)
        except ValueError:
            return None
