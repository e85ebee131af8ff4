"""Which positions a sliding window reads, and which of its taps ever meet the map.

A set of positions along an axis is an int whose bit `i` stands for position `i`: the union of
what several layers read is `|`, and a few shifts give what a window reads on an axis of any size.

Output `j` of a window reads, with its tap `t`, the position `j·stride + t·dilation − before`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from convlint.arithmetic.window import Window, windows
from convlint.dims import guess, known

if TYPE_CHECKING:
    from convlint.network import Layer

LONGEST = 1 << 20
"""Axes that are longer are not looked at."""


@functools.lru_cache(maxsize=1)  # the rules ask for the same layer one after the other
def certain_windows(layer: Layer) -> tuple[Window, ...]:
    """The windows of a layer where all their numbers are known and they fit; else none."""
    found = windows(layer)
    if not found:
        return ()
    shape = layer.args["input"].shape
    axes = len(found)
    for window in found:
        before, after = window.padding
        if not known(window.size, window.kernel, window.stride, window.dilation, before, after):
            return ()
        if window.size > LONGEST or window.output < 1:
            return ()
    # an image that has to be turned round or reshaped first is another rule's
    fits = len(shape) in (axes + 1, axes + 2)
    return found if fits and shape[-axes:] == tuple(w.size for w in found) else ()


def positions(size: int) -> int:
    """All positions of an axis of `size`."""
    return (1 << size) - 1


def count(mask: int) -> int:
    """How many positions a set has."""
    return mask.bit_count()


def read(window: Window) -> int:
    """The positions of the input that some output reads."""
    size, kernel, stride = guess(window.size), guess(window.kernel), guess(window.stride)
    dilation, before = guess(window.dilation), guess(window.padding[0])
    outputs = guess(window.output)
    if outputs < 1:
        return 0
    if dilation == 1 and stride <= kernel:  # without gaps: the common case
        reached = (outputs - 1) * stride + kernel
        return positions(min(size, max(0, reached - before)))
    mask = _comb(kernel, dilation)
    done, steps = 1, outputs
    while done < steps:  # the outputs' windows side by side, twice as many at every turn
        more = min(done, steps - done)
        mask |= mask << (more * stride)
        done += more
    return (mask >> before) & positions(size)


def _comb(teeth: int, gap: int) -> int:
    """Bits 0, gap, 2·gap, ...: `teeth` of them."""
    return ((1 << (teeth * gap)) - 1) // ((1 << gap) - 1)


def last(window: Window) -> int:
    """The last position that a window reaches; at or past the size, it lies in the padding."""
    reached = (guess(window.output) - 1) * guess(window.stride) + guess(window.extent) - 1
    return reached - guess(window.padding[0])


def dropped(window: Window) -> int:
    """How many positions at the end the windows never reach."""
    return max(0, guess(window.size) - 1 - last(window))


def trailing(mask: int, size: int) -> int:
    """How many positions at the end are not in the set."""
    return size - mask.bit_length()


def has_holes(mask: int) -> bool:
    """Whether positions before the last one of the set are missing."""
    return mask & (mask + 1) != 0


def is_complete(window: Window) -> bool:
    """Whether every position is read."""
    if guess(window.dilation) == 1 and guess(window.stride) <= guess(window.kernel):
        return dropped(window) == 0
    return read(window) == positions(guess(window.size))


def all_taps_meet(window: Window) -> bool:
    """Whether every tap of the kernel meets a position of the input for some output."""
    size, stride, before = guess(window.size), guess(window.stride), guess(window.padding[0])
    if stride <= size:  # steps that cannot jump over the input
        reach = (guess(window.output) - 1) * stride
        return guess(window.extent) - 1 - before < size and reach >= before
    return len(live_taps(window)) == guess(window.kernel)


def live_taps(window: Window) -> tuple[int, ...]:
    """The taps of the kernel that meet a position of the input for some output."""
    return tuple(tap for tap in range(guess(window.kernel)) if _meets(window, tap))


def _meets(window: Window, tap: int) -> bool:
    stride = guess(window.stride)
    start = tap * guess(window.dilation) - guess(window.padding[0])
    first = max(0, -(start // stride))  # the first output whose tap is not before the input
    return first < guess(window.output) and start + first * stride < guess(window.size)


def padding_only(window: Window) -> tuple[int, int]:
    """How many outputs at the beginning and at the end lie in the padding alone."""
    stride, extent = guess(window.stride), guess(window.extent)
    outputs, before = guess(window.output), guess(window.padding[0])
    head = max(0, -(-(before - extent + 1) // stride))
    first_behind = -(-(guess(window.size) + before) // stride)
    return min(head, outputs), max(0, outputs - first_behind)


_ROWS: Final = {"H": ("row", "rows"), "W": ("column", "columns"), "D": ("slice", "slices")}


def last_rows(axis: str, number: int) -> str:
    """`the last row`, `the last 2 columns`."""
    one, many = _ROWS.get(axis, ("position", "positions"))
    return f"the last {one}" if number == 1 else f"the last {number} {many}"


def share(masks: Sequence[int], sizes: Sequence[int]) -> float:
    """The part of a map that is in the rows, columns, ... of `masks`."""
    part = 1.0
    for mask, size in zip(masks, sizes, strict=True):
        part *= count(mask) / size
    return part


def adaptive_bins(size: int, output: int) -> Iterator[tuple[int, int]]:
    """Where the windows of adaptive pooling begin and end."""
    for i in range(output):
        yield i * size // output, -(-(i + 1) * size // output)
