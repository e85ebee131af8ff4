"""Sets of sizes in words."""

from __future__ import annotations

import numpy as np

from convlint.sweep import Axis
from convlint.sweep.sets import described


def _line(axis: Axis, *sizes: int) -> np.ndarray:
    return np.array([n in sizes for n in axis.sizes])


def test_sizes_below_half_of_what_was_followed() -> None:
    axis = Axis("H", tuple(range(1, 513)), True)
    assert described(_line(axis, 2, 3, 5, 7), axis) == "2 to 3, 5, 7"
    assert described(_line(axis, *range(8, 16)), axis) == "8 to 15"
