"""Sizes as people write them: `7×7`, `224×224`."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction


def spelled(sizes: Iterable[int | Fraction]) -> str:
    """`7×7`; what is no whole number is rounded up."""
    return "×".join(str(-(-size // 1)) for size in sizes)
