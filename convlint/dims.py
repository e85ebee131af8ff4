"""Sizes: what is known of one side of a tensor, and of all of them.

A `Dim` is an `int`, or `Unknown`: a size that cannot be told from the shapes alone (it
depends on data, or on how an earlier fault will be mended).  Formulas are plain arithmetic
and work on both.

Comparisons with an unknown size follow one convention: **a comparison is true only where it
certainly holds**.  `a == b`, `a != b` and `a < b` are all false when nothing certain is known.
A rule that asks `if channels != weight:` is therefore silent on what it does not know; never
negate such a comparison.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias


class Unknown:
    """A size that is not known: some multiple of `multiple`, with `guess` as its likeliest value.

    `multiple` survives products, so that `2048 · ?` is certainly different from 512.
    """

    __slots__ = ("guess", "multiple")

    def __init__(self, guess: int = 1, multiple: int = 1) -> None:
        self.guess = guess
        self.multiple = max(1, multiple)

    def __repr__(self) -> str:
        return "?" if self.multiple == 1 else f"{self.multiple}·?"

    def __reduce__(self) -> tuple[type[Unknown], tuple[int, int]]:
        return Unknown, (self.guess, self.multiple)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return isinstance(other, int) and other % self.multiple != 0

    def __lt__(self, other: object) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __lt__

    def __add__(self, other: Dim) -> Dim:
        if isinstance(other, int) and other == 0:
            return self
        return Unknown(self.guess + guess(other), math.gcd(self.multiple, multiple(other)))

    __radd__ = __add__

    def __sub__(self, other: Dim) -> Dim:
        if isinstance(other, int) and other == 0:
            return self
        return Unknown(self.guess - guess(other), math.gcd(self.multiple, multiple(other)))

    def __rsub__(self, other: Dim) -> Dim:
        return Unknown(guess(other) - self.guess, math.gcd(self.multiple, multiple(other)))

    def __mul__(self, other: Dim) -> Dim:
        if isinstance(other, int) and other in (0, 1):
            return self if other else 0
        return Unknown(self.guess * guess(other), self.multiple * multiple(other))

    __rmul__ = __mul__

    def __floordiv__(self, other: Dim) -> Dim:
        if isinstance(other, int) and other == 1:
            return self
        divisor = guess(other)
        exact = isinstance(other, int) and divisor != 0 and self.multiple % divisor == 0
        return Unknown(
            self.guess // divisor if divisor else 1, self.multiple // divisor if exact else 1
        )

    def __rfloordiv__(self, other: Dim) -> Dim:
        return Unknown(guess(other) // self.guess if self.guess else 1)

    def __mod__(self, other: Dim) -> Dim:
        if isinstance(other, int) and other != 0 and self.multiple % other == 0:
            return 0
        return Unknown(self.guess % guess(other) if guess(other) else 0)

    def __rmod__(self, other: Dim) -> Dim:
        return Unknown(guess(other) % self.guess if self.guess else 0)

    def __neg__(self) -> Dim:
        return Unknown(-self.guess, self.multiple)


class Varying(int):
    """A size that stands for many, and knows them all (`convlint/sweep`)."""

    @property
    def guess(self) -> int:
        """The size itself."""
        raise NotImplementedError

    @property
    def multiple(self) -> int:
        """A number that certainly divides all of them."""
        raise NotImplementedError


Dim: TypeAlias = int | Unknown
Shape: TypeAlias = tuple[Dim, ...]


def known(*dims: Dim) -> bool:
    """Whether every one of `dims` is a number."""
    return all(isinstance(d, int) for d in dims)


def guess(dim: Dim) -> int:
    """`dim` itself, or the likeliest value of an unknown size."""
    return dim.guess if isinstance(dim, (Unknown, Varying)) else int(dim)


def multiple(dim: Dim) -> int:
    """A number that certainly divides `dim`."""
    return dim.multiple if isinstance(dim, (Unknown, Varying)) else abs(int(dim))


def product(dims: Iterable[Dim]) -> Dim:
    """The product of `dims`; a zero makes it zero whatever else is unknown."""
    total: Dim = 1
    for dim in dims:
        total = total * dim
    return total


def show(shape: Iterable[Dim] | None) -> str:
    """`[1, 3, ?, 224]`, as torch prints sizes; `[?]` where not even the rank is known."""
    return "[?]" if shape is None else "[" + ", ".join(str(d) for d in shape) + "]"
