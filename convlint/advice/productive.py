"""Convolutions, and whether what arrives has already seen the whole image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from convlint.advice.receptive import LOST, reach, reaches
from convlint.arithmetic.field import Number
from convlint.network import Layer, Network

_CONVOLUTIONS = {"conv1d": 1, "conv2d": 2, "conv3d": 3}


class ImageWindow(NamedTuple):
    """A convolution with a kernel larger than 1, the field of its input, and the image."""

    layer: Layer
    field: tuple[Number, ...]
    image: tuple[int, ...]

    @property
    def past(self) -> bool:
        """Whether the field is as large as the image along every axis."""
        return all(f >= n for f, n in zip(self.field, self.image, strict=True))


def windows_over_images(network: Network) -> Iterator[ImageWindow]:
    """The convolutions with a kernel larger than 1 whose input's field is exactly known."""
    known = reaches(network)
    for layer in network.layers:
        axes = _CONVOLUTIONS.get(layer.op)
        if axes is None:
            continue
        weight = layer.args["weight"].shape
        if weight is None or not any(k > 1 for k in weight[-axes:]):
            continue
        own = reach(layer.args["input"], known)
        told = own.along(axes) if own is not None else None
        if told is not None and all(f.exact and f is not LOST for f, _ in told):
            yield ImageWindow(layer, tuple(f.size for f, _ in told), tuple(o.size for _, o in told))
