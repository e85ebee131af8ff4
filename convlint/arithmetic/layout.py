"""How an image was meant: what a layer reads, and what it would read if the axes were right.

An image that does not fit is read as the author most likely meant it; shape functions go on
from there, and rules say which call is missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from convlint.dims import Dim, Shape, Unknown, known, product

NAMES: Final = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""How torch's pages name the axes of sequences, images and volumes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An input as a layer reads it, or would after `repair`."""

    kind: str
    """`batched` and `unbatched` as torch reads it; else what is wrong: `channels-last`,
    `frames-first`, `missing-axis`, `missing-channel`, `missing-batch`, `extra-axis`, `flat`,
    `folded`, `unclear`."""
    shape: Shape
    """The shape after the repair: `(N, C, *spatial)`, or `(C, *spatial)` where unbatched."""
    repair: str = ""
    """The call that is missing, as `permute(0, 3, 1, 2)`."""

    def spatial(self, axes: int) -> Shape:
        """The sizes that a window slides along."""
        return self.shape[-axes:]


def read_image(shape: Shape, channels: Dim | None, axes: int) -> Reading:
    """Read `shape` as a layer over `axes` axes does that takes `channels` channels.

    Args:
        channels: None where any number of channels will do (pooling).
    """
    rank = len(shape)
    if rank == axes + 2:
        return _batched(shape, channels, axes)
    if rank == axes + 1:
        return _unbatched(shape, channels, axes)
    if rank > axes + 2:
        return _too_many(shape, channels, axes)
    return _too_few(shape, channels, axes)


def _batched(shape: Shape, channels: Dim | None, axes: int) -> Reading:
    if channels is not None and shape[1] != channels and shape[-1] == channels:
        return Reading("channels-last", (shape[0], shape[-1], *shape[1:-1]), _to_front(axes, 1))
    if axes == 3 and channels is not None and shape[1] != channels == shape[2]:
        turned = (shape[0], shape[2], shape[1], *shape[3:])
        return Reading("frames-first", turned, "transpose(1, 2)")
    return Reading("batched", shape)


def _unbatched(shape: Shape, channels: Dim | None, axes: int) -> Reading:
    if channels is not None and shape[0] != channels:
        if shape[1] == channels:
            return Reading("missing-axis", (*shape, Unknown(1)), "unsqueeze(-1)")
        if channels == 1:
            return Reading("missing-channel", (shape[0], 1, *shape[1:]), "unsqueeze(1)")
        if shape[-1] == channels:
            return Reading("channels-last", (shape[-1], *shape[:-1]), _to_front(axes, 0))
    return Reading("unbatched", shape)


def _too_many(shape: Shape, channels: Dim | None, axes: int) -> Reading:
    extra = len(shape) - axes - 1
    if channels is None or shape[extra] == channels or not known(*shape):
        lead, rest = product(shape[:extra]), shape[extra:]
        if channels is not None or not any(n == 1 for n in shape[2:]):
            return Reading("folded", (lead, *rest), f"flatten(0, {extra - 1})")
    if len(shape) == axes + 3:
        for at in range(len(shape) - 1, 1, -1):
            if shape[at] == 1 and (channels is None or shape[1] == channels):
                return Reading("extra-axis", shape[:at] + shape[at + 1 :], f"squeeze({at})")
        if shape[1] == 1 and (channels is None or shape[2] == channels):
            return Reading("extra-axis", shape[:1] + shape[2:], "squeeze(1)")
        if channels is not None and shape[-1] == channels:
            order = ", ".join(str(d) for d in (0, 1, len(shape) - 1, *range(2, len(shape) - 1)))
            lead = shape[0] * shape[1]
            repair = f"permute({order}).flatten(0, 1)"
            return Reading("folded", (lead, shape[-1], *shape[2:-1]), repair)
    return Reading("unclear", (product(shape[:extra]), *shape[extra:]))


def _too_few(shape: Shape, channels: Dim | None, axes: int) -> Reading:
    rank = len(shape)
    unknown = tuple(Unknown() for _ in range(axes))
    if rank == axes and (channels is None or channels == 1) and axes > 1:
        side = _side(shape[1], 1, axes) if rank == 2 and shape[0] != shape[1] else None
        if channels is None or side is None:
            kind = "missing-channel" if axes == 1 else "missing-batch"
            return Reading(kind, (1, 1, *shape), "unsqueeze(0).unsqueeze(0)")
    if rank == 2 and channels is not None:
        if shape[1] == channels:
            ones = (1,) * axes
            text = ", ".join(["-1", str(channels), *("1" for _ in ones)])
            return Reading("flat", (*shape, *ones), f"view({text})")
        side = _side(shape[1], channels, axes)
        if side is not None:
            sides = (side,) * axes
            text = ", ".join(str(n) for n in ("-1", channels, *sides))
            return Reading("flat", (shape[0], channels, *sides), f"view({text})")
    if rank == 1 and axes == 1 and (channels is None or channels == 1):
        return Reading("missing-batch", (1, 1, *shape), "view(1, 1, -1)")
    lead: Dim = shape[0] if rank else 1
    return Reading("unclear", (lead, Unknown() if channels is None else channels, *unknown))


def _side(features: Dim, channels: Dim, axes: int) -> int | None:
    """The side of the square (or cube) images that were flattened to `features` numbers."""
    if not isinstance(features, int) or not isinstance(channels, int):
        return None
    if channels <= 0 or features % channels or axes < 2:
        return None
    area = features // channels
    side = round(area ** (1 / axes)) if axes > 2 else math.isqrt(max(0, area))
    return side if side > 1 and side**axes == area else None


def _to_front(axes: int, lead: int) -> str:
    """The permute that brings the last axis before the spatial ones."""
    order = (*range(lead), axes + lead, *range(lead, axes + lead))
    return f"permute({', '.join(str(d) for d in order)})"
