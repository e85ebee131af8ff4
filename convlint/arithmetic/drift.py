"""How much a window that moves by one changes the size, and the padding that would keep it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from convlint.arithmetic.window import Window
from convlint.dims import Dim, guess


def drift(window: Window) -> int:
    """By how much the output is larger than the input."""
    return guess(window.output) - guess(window.size)


def moves_by_one(found: Sequence[Window]) -> bool:
    """Whether a layer has no stride on any axis."""
    return all(window.stride == 1 for window in found)


def keeping(window: Window) -> int:
    """The padding at either end that keeps the size, of a window of odd extent."""
    return guess(window.dilation) * (guess(window.kernel) - 1) // 2


def keeping_formula(window: Window) -> str:
    """`keeping` with the numbers in it."""
    return f"{window.dilation}·({window.kernel}−1)/2 = {keeping(window)}"


def misses_dilation(window: Window) -> bool:
    """Whether the padding is the one that would keep the size, had it no dilation."""
    half = (guess(window.kernel) - 1) // 2
    return window.dilation > 1 and window.padding == (half, half) and half > 0


def strays(window: Window) -> bool:
    """Whether an odd kernel is padded, and the size changes nevertheless."""
    padded = window.padding[0] > 0 or window.padding[1] > 0
    return padded and window.kernel > 1 and guess(window.kernel) % 2 == 1 and drift(window) != 0


def exchanged(found: Sequence[Window]) -> tuple[Dim, ...] | None:
    """The same paddings in another order, where that would keep every size; else None."""
    pads = tuple(window.padding[0] for window in found)
    if len(set(pads)) < 2 or len({window.kernel for window in found}) < 2:
        return None
    if any(before != after for before, after in (window.padding for window in found)):
        return None
    if not moves_by_one(found) or all(drift(window) == 0 for window in found):
        return None
    for order in itertools.permutations(pads):
        if all(2 * p == w.extent - 1 for p, w in zip(order, found, strict=True)):
            return order
    return None


def written(numbers: Sequence[Dim]) -> str:
    """As an argument: `2`, or `(2, 1)` where they differ."""
    if len(set(numbers)) == 1:
        return str(numbers[0])
    return "(" + ", ".join(str(n) for n in numbers) + ")"
