"""Padding and cropping around a layer: sizes that change on purpose.

Networks pad before a layer that shrinks, crop behind one that grows, and write a head or a second
branch for the size that comes out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Final

from convlint.advice.reading import SLIDING
from convlint.arithmetic.coverage import certain_windows
from convlint.arithmetic.window import Window, axes_of, pad_ends
from convlint.dims import Shape, known
from convlint.network import Layer, Network

_CROPS: Final = frozenset({"getitem", "slice", "narrow", "pad", "split", "chunk", "unfold_windows"})
_FLATTENS: Final = frozenset({"flatten", "view", "reshape"})
_RESIZES: Final = frozenset(
    {
        "interpolate", "expand", "expand_as", "broadcast_to", "mean", "sum", "max", "amax", "bmm",
        "matmul", "linear", "grid_sample", "setitem",
    }
)  # fmt: skip
"""Behind these the size does not tell what became of it."""


class Fate(Enum):
    """What becomes of a map whose size a layer has changed."""

    UNNOTICED = "nothing depends on its size"
    MEANT = "it is cropped, or something was written for its size"
    TOLD = "it meets a map of another size, of which another rule tells"


def zero_padded(layer: Layer) -> tuple[Window, ...]:
    """The windows of a layer, with the zeros that a layer before it pads."""
    found = certain_windows(layer)
    pad = layer.args["input"].source
    if not found or pad is None or pad.op != "pad" or pad.args["mode"] != "constant":
        return found
    ends = pad_ends(pad.args["pad"])
    if pad.args["value"] not in (None, 0) or len(ends) > len(found):
        return found
    ends = [(0, 0)] * (len(found) - len(ends)) + ends
    if not all(known(b, a) and b >= 0 and a >= 0 for b, a in ends):
        return found
    return tuple(
        replace(w, size=w.size - b - a, padding=(w.padding[0] + b, w.padding[1] + a))
        for w, (b, a) in zip(found, ends, strict=True)
    )


def is_padded_before(layer: Layer) -> bool:
    """Whether a layer of its own pads what arrives."""
    source = layer.args["input"].source
    return source is not None and source.op == "pad"


def fate(layer: Layer, network: Network, suspect: Callable[[Layer], bool]) -> Fate:
    """What becomes of the map that a layer gives.

    Args:
        suspect: the layers that may have the same fault: what is made by them is no witness that
            the size was meant.
    """
    axes = axes_of(layer.op)
    ours, theirs = {layer.name}, {layer.name}
    for other in network.layers:
        sources = [t.source.name for t in other.tensors if t.source is not None]
        if other.name in theirs or not sources:
            continue
        if theirs.intersection(sources) or (other.op in SLIDING and suspect(other)):
            theirs.add(other.name)
        if not ours.intersection(sources) or other.op in _RESIZES:
            continue
        if _cuts(other, axes) or (other.op in _FLATTENS and _is_map(other, axes)):
            return Fate.MEANT
        met = _met(other, ours, theirs, axes)
        if met is not None:
            return met
        if any(out.shape is not None and len(out.shape) > axes for out in other.outputs):
            ours.add(other.name)
    return Fate.UNNOTICED


def _cuts(layer: Layer, axes: int) -> bool:
    """Whether a layer takes a part of a map, or pads it."""
    before = layer.tensors[0].shape
    if layer.op not in _CROPS or before is None:
        return layer.op in _CROPS
    return any(o.shape is None or o.shape[-axes:] != before[-axes:] for o in layer.outputs)


def _is_map(layer: Layer, axes: int) -> bool:
    shape = layer.tensors[0].shape
    return shape is None or any(not known(n) or n > 1 for n in shape[-axes:])


def _met(other: Layer, ours: set[str], theirs: set[str], axes: int) -> Fate | None:
    """What it says of the size that `other` joins it with a map of another origin."""
    if other.op in SLIDING or len(other.tensors) < 2:
        return None
    sizes: list[Shape] = []
    mates: list[Shape] = []
    for tensor in other.tensors:
        source = tensor.source
        if source is None or tensor.shape is None or len(tensor.shape) <= axes:
            continue
        if source.name in ours:
            sizes.append(tensor.shape[-axes:])
        elif source.op == "input" or (source.tensors and source.name not in theirs):
            mates.append(tensor.shape[-axes:])
    for mine in sizes:
        for mate in (*mates, *sizes):
            if any(a != b and a != 1 and b != 1 for a, b in zip(mine, mate, strict=True)):
                return Fate.TOLD
        for mate in mates:
            if mine == mate and any(n != 1 for n in mine):
                return Fate.MEANT
    return None
