"""What the positions of one map read of another, along an axis.

A window, a padding, a crop, an upsampling: each is a line.  Position `i` reads from
`jump * i + first` to `jump * i + last`, and one line after another is a line again.  So the
receptive field of a whole network is the composition of its layers' lines (Araujo, Norris, Sim:
Computing Receptive Fields of Convolutional Neural Networks, Distill 2019), exact in whole numbers
and fractions.  Where upsampling gives neighbours different fields (nearest: two positions read
the same one), the line is the tightest that holds them all.

Borders are not cut off: a field may begin before the image.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import NamedTuple, TypeAlias

Number: TypeAlias = int | Fraction


class Field(NamedTuple):
    """Position `i` reads from `jump * i + first` to `jump * i + last`."""

    first: Number
    last: Number
    jump: Number

    @property
    def size(self) -> Number:
        """How many positions are read, holes included; no more than that after upsampling."""
        return self.last - self.first + 1

    @property
    def centre(self) -> Fraction:
        """The middle of what position 0 reads."""
        return Fraction(self.first + self.last) / 2

    @property
    def exact(self) -> bool:
        """Whether every position reads exactly `size`: nothing was upsampled on the way."""
        return type(self.jump) is int

    def after(self, step: Field) -> Field:
        """The field of what a layer makes that reads this map as `step` says."""
        first, last, jump = self
        return Field(first + jump * step.first, last + jump * step.last, jump * step.jump)

    def __str__(self) -> str:
        return f"{self.first}..{self.last} by {self.jump}"


ITSELF = Field(0, 0, 1)
"""Every position reads itself."""


def window(kernel: int, stride: int = 1, before: int = 0, dilation: int = 1) -> Field:
    """A convolution or pool; `before` is the padding at the beginning."""
    return Field(-before, (kernel - 1) * dilation - before, stride)


def shifted(start: int, step: int = 1) -> Field:
    """A slice that begins at `start`; negative: a padding."""
    return Field(start, start, step)


def transposed(kernel: int, stride: int = 1, before: int = 0, dilation: int = 1) -> Field:
    """A transposed convolution: output `o` gets input `i` where `i*s + t*d - p = o`."""
    extent = dilation * (kernel - 1)
    if stride == 1:
        return Field(before - extent, before, 1)
    return Field(Fraction(before - extent, stride), Fraction(before, stride), Fraction(1, stride))


def repeated(times: int) -> Field:
    """Every position `times` times, as nearest upsampling and pixel shuffle do."""
    return transposed(times, times)


@functools.lru_cache(maxsize=256)
def adaptive(size: int, output: int) -> Field:
    """An adaptive pool: position `i` reads from `⌊i*n/m⌋` to `⌈(i+1)*n/m⌉ - 1`."""
    if output and size % output == 0:
        return window(size // output, size // output)
    ratio = Fraction(size, output)
    slack = 1 - Fraction(1, ratio.denominator)
    return Field(-slack, ratio - 1 + slack, ratio)


@functools.lru_cache(maxsize=256)
def interpolated(size: int, output: int, mode: str, align_corners: bool) -> Field | None:
    """An interpolation; None for a mode that is not known."""
    if mode == "area":
        return adaptive(size, output)
    if align_corners and (output == 1 or size == 1):
        return None
    ratio = Fraction(size - 1, output - 1) if align_corners else Fraction(size, output)
    p, q = ratio.numerator, ratio.denominator
    if mode == "nearest":
        return Field(Fraction(1 - q, q), Fraction(0), ratio)
    if mode == "nearest-exact":  # ⌊(2i + 1)p / 2q⌋: with p, the rests modulo 2q are odd or even
        last = Fraction(p - p % 2, 2 * q)
        return Field(last - Fraction(q - 1, q), last, ratio)
    reach = {"linear": 1, "bilinear": 1, "trilinear": 1, "bicubic": 2}.get(mode)
    if reach is None:
        return None
    if align_corners:
        middle, rest = Fraction(0), Fraction(q - 1, q)
    else:
        middle = ratio / 2 - Fraction(1, 2)
        rest = Fraction(2 * q - (1 if (p - q) % 2 else 2), 2 * q)
    width = rest + reach - 1 if rest else rest
    return Field(middle - width, middle + width, ratio)


def hull(one: Field, other: Field, count: int) -> Field:
    """What the `count` positions of two maps read together that are added or concatenated."""
    if one.jump == other.jump:
        first, last = min(one.first, other.first), max(one.last, other.last)
        return Field(first, last, one.jump if one.exact else other.jump)
    if other.exact:
        one, other = other, one
    drift = (other.jump - one.jump) * (count - 1)
    first = min(one.first, other.first, other.first + drift)
    return Field(first, max(one.last, other.last, other.last + drift), one.jump)


def apart(one: Field, other: Field, count: int) -> Fraction:
    """How far the centres of two maps of `count` positions are apart at most."""
    begin = other.centre - one.centre
    return max(begin, begin + (other.jump - one.jump) * (count - 1), key=abs)
