"""Which taps of a convolution's kernel ever meet the map, over all calls that share the weights."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

from convlint.advice.framing import zero_padded
from convlint.arithmetic.coverage import all_taps_meet, live_taps
from convlint.arithmetic.window import Window
from convlint.dims import guess
from convlint.network import Layer, Network

Tap = tuple[int, ...]


def dead_share(layer: Layer, network: Network) -> tuple[tuple[Window, ...], int, int]:
    """The windows of a convolution, how many taps its kernel has, and how many are alive.

    The windows have the zeros with them that a layer before pads.  A tap is alive where any call
    with the same weights lets it meet the map.
    """
    found = zero_padded(layer)
    taps = math.prod(guess(window.kernel) for window in found)
    if not found or layer.args["padding_mode"] != "zeros" or all(map(all_taps_meet, found)):
        return found, taps, taps
    per_axis = [live_taps(window) for window in found]
    if math.prod(len(live) for live in per_axis) * 2 > taps:
        return found, taps, math.prod(len(live) for live in per_axis)
    alive: set[Tap] = set(itertools.product(*per_axis))
    for other in network.layers:
        if other is not layer and other.op == layer.op and _shares(other, layer):
            windows = zero_padded(other)
            if not windows or other.args["padding_mode"] != "zeros":
                return found, taps, taps
            alive.update(itertools.product(*map(live_taps, windows)))
    return found, taps, len(alive)


def _shares(other: Layer, layer: Layer) -> bool:
    """Whether two calls use the same weights, as a detector's head on every level."""
    if layer.module is not None:
        return other.module is layer.module
    weight, its = layer.args["weight"].source, other.args["weight"].source
    computed = weight is None or weight.op != "parameter"
    return weight is its or (computed and other.path == layer.path)


def smallest(window: Window) -> int | None:
    """The smallest size from which on every tap meets the map."""
    first = guess(window.size)
    for size in range(first, first + 4 * guess(window.extent)):
        if all_taps_meet(replace(window, size=size)):
            return size
    return None
