"""Whether a shape would come out at another input size: one that networks are often written for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from convlint.dims import Dim, Shape
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec

USUAL: Final = (
    16, 28, 32, 48, 56, 64, 84, 96, 100, 112, 128, 144, 160, 192, 200, 224, 227, 240, 256, 260,
    288, 299, 300, 320, 331, 368, 380, 384, 400, 416, 448, 456, 480, 500, 512, 513, 528, 572, 600,
    608, 640, 720, 768, 800, 1024, 1080, 1280,
)  # fmt: skip
"""Sides of the images that people use."""

_TRIED: Final = 6


def usual_size(
    network: Network, layer: Layer, ratio: float, holds: Callable[[Shape], bool]
) -> int | None:
    """The usual side of the input at which the output of `layer` is as `holds` asks.

    Args:
        ratio: how much larger that output should be; only sides near it are tried.
    """
    from convlint.propagate import propagate

    images = {one.name: one.output for one in network.inputs if _is_image(one.output)}
    if not images:
        return None
    own = max(side for spec in images.values() for side in spec.shape[2:])
    for side in _near(own * ratio):
        again = propagate(network, _resized(images, own, side)).network
        found = next((one for one in again.layers if one.name == layer.name), None)
        if found is not None and any(o.shape and holds(o.shape) for o in found.outputs):
            return side
    return None


def _is_image(spec: object) -> bool:
    return (
        isinstance(spec, TensorSpec)
        and spec.shape is not None
        and spec.known
        and len(spec.shape) > 2
    )


def _near(wanted: float) -> Iterator[int]:
    close = sorted(USUAL, key=lambda side: abs(side - wanted))[:_TRIED]
    yield from (side for side in close if abs(side - wanted) <= 0.3 * wanted + 8)


def _resized(images: Mapping[str, TensorSpec], own: int, side: int) -> Mapping[str, TensorSpec]:
    def sides(shape: Shape) -> tuple[Dim, ...]:
        return tuple(n * side // own if isinstance(n, int) else n for n in shape[2:])

    return {
        name: replace(spec, shape=(*spec.shape[:2], *sides(spec.shape)))
        for name, spec in images.items()
        if spec.shape is not None
    }
