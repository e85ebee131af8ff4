"""What windows leave unread at some sizes: the remainder of the division by their stride.

Where (n + before + after − extent) mod stride is r, the last r elements are not read: first the
padding behind the map, then the map itself.
"""

from __future__ import annotations

from convlint.arithmetic.window import WINDOWED, windows
from convlint.dims import Varying, guess
from convlint.network import Layer, Network
from convlint.sweep.node import Linear
from convlint.sweep.swept import Swept
from convlint.sweep.walk import Walk, Waste


def wasted(walk: Walk, layer: Layer, network: Network) -> None:
    """Note the candidates for which a layer leaves something unread."""
    source = layer.args["input"].source if layer.op in WINDOWED else None
    if source is None:
        return
    takers = len(network.consumers.get(source.name, ()))
    for window in windows(layer):
        plain = (window.kernel, window.stride, window.dilation, *window.padding)
        if not isinstance(window.size, Swept) or window.stride == 1 or window.ceil:
            continue
        if any(not isinstance(n, int) or isinstance(n, Varying) for n in plain):
            continue
        room = window.padded - window.extent
        assert isinstance(room, Swept)
        rest = walk.nodes.rest(room.function, guess(window.stride))
        if not isinstance(rest, Linear):
            continue
        before, after = map(guess, window.padding)
        left = rest.array()
        where = (layer.name, source.name, window.axis)
        walk.unread.append(Waste(*where, takers, left > max(after, 0)))
        if before > 0 or after > 0:  # padding is no other layer's
            walk.uneven.append(Waste(layer.name, layer.name, window.axis, 1, left != 0))
