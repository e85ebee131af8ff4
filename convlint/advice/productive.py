"""Convolutions, and whether what arrives has already seen the whole image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from convlint.advice.reach import LOST, Origin, Reach
from convlint.advice.receptive import reach, reaches
from convlint.arithmetic.field import Field
from convlint.arithmetic.span import spelled
from convlint.network import Layer, Network

_CONVOLUTIONS: Final = {"conv1d": 1, "conv2d": 2, "conv3d": 3}


class Wide(NamedTuple):
    """A convolution with a kernel larger than 1."""

    layer: Layer
    axes: int
    before: Reach | None
    """What is known of its input."""

    @property
    def is_past(self) -> bool:
        """Whether the field of its input is certainly as large as the image, along every axis."""
        if self.before is None:
            return False
        fields, origins = self.before.fields[-self.axes :], self.before.origins[-self.axes :]
        for field, origin in zip(fields, origins, strict=True):
            if field is None or origin is None or field is LOST or not field.exact:
                return False
            if field.last - field.first + 1 < origin.size:
                return False
        return True

    @property
    def field(self) -> str:
        """The field of its input, as `31×31`."""
        return spelled(f.size for f, _ in self._told())

    @property
    def image(self) -> str:
        """The image, as `32×32`."""
        return spelled(o.size for _, o in self._told())

    def _told(self) -> tuple[tuple[Field, Origin], ...]:
        return self.before.told(self.axes) if self.before is not None else ()


def wide_convolutions(network: Network) -> Iterator[Wide]:
    """All convolutions with a kernel larger than 1 along some axis."""
    known = reaches(network)
    for layer in network.layers:
        axes = _CONVOLUTIONS.get(layer.op)
        if axes is not None:
            kernel = layer.args["weight"].shape
            if kernel is not None and any(k != 1 for k in kernel[-axes:]):
                yield Wide(layer, axes, reach(layer.args["input"], known))
