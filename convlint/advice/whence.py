"""Where to look for a size that does not fit: what a report points at beside the fault."""

from __future__ import annotations

from collections.abc import Iterator

from convlint.advice.origin import origin
from convlint.advice.passage import moved
from convlint.diagnostic import Label, Location
from convlint.network import Layer
from convlint.tensor import TensorSpec


def whence(tensor: TensorSpec, axis: int, text: str | None = None) -> tuple[Label, ...]:
    """The layer that side `axis` of `tensor` comes from; where it only moved the side, also the
    one that made it.

    Args:
        text: what to say at the first; else the size.
    """
    if not tensor.shape:
        return ()
    said = text or f"{tensor.shape[axis]} comes from here"
    labels: dict[Location, Label] = {}
    for layer in _makers(tensor, axis):
        place = layer.definition or layer.call
        if place is not None:
            labels.setdefault(place, Label("and is made here" if labels else said, place))
    return tuple(labels.values())


def _makers(tensor: TensorSpec, axis: int) -> Iterator[Layer]:
    """The last layer that has set a side, or moved it, and back to the one that made it."""
    while tensor.shape:
        layer = origin(tensor, axis % len(tensor.shape))
        before = moved(layer, axis % len(tensor.shape)) if layer is not None else None
        if layer is not None:
            yield layer
        if before is None:
            return
        tensor, axis = before
