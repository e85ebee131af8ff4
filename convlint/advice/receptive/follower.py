"""Who follows what the positions of a map have seen through one operator: a registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from convlint.advice.reach import LOST, Reach, plain
from convlint.network import Layer
from convlint.tensor import TensorSpec

Reaches: TypeAlias = dict[str, Reach | None]
"""By the name of a layer; None where not even the rank is known."""

Follower: TypeAlias = Callable[[Layer, Reaches], Reach | None]
"""What is known of a layer's output, from what is known of those before it."""

_FOLLOWERS: Final[dict[str, Follower]] = {}


def operators() -> frozenset[str]:
    """The operators that have a follower."""
    return frozenset(_FOLLOWERS)


def follows(*operators: str) -> Callable[[Follower], Follower]:
    """Register a follower for these operators.

    Raises:
        ValueError: one of them has a follower.
    """

    def register(follower: Follower) -> Follower:
        for name in operators:
            if name in _FOLLOWERS:
                raise ValueError(f"{name} has two followers")
            _FOLLOWERS[name] = follower
        return follower

    return register


def followed(layer: Layer, found: Reaches) -> Reach | None:
    """What is known of the output of a layer, or of the first of several."""
    if layer.rejected is not None:
        return lost(layer)
    made = _FOLLOWERS.get(layer.op, unlisted)(layer, found)
    if made is None:
        return None
    shape = first(layer).shape
    return made if shape is not None and len(shape) == len(made.fields) else None


def reach(tensor: TensorSpec, known: Mapping[str, Reach | None]) -> Reach | None:
    """What is known of `tensor`."""
    shape, source = tensor.shape, tensor.source
    if shape is None:
        return None
    if source is None:
        return plain(len(shape))
    found = known[source.name]
    return found if found is not None and len(found.fields) == len(shape) else None


def first(layer: Layer) -> TensorSpec:
    """The output, or the first of several."""
    output = layer.output
    return output if type(output) is TensorSpec else layer.outputs[0]


def unlisted(layer: Layer, found: Reaches) -> Reach | None:
    """An operator without a follower: only of what has no positions there is something to tell."""
    seen = [reach(tensor, found) for tensor in layer.tensors]
    output = layer.output
    if all(own is not None and not own.spatial for own in seen):
        mixed = any(own is not None and own.mixed for own in seen)
        if type(output) is TensorSpec and output.shape is not None:
            return plain(len(output.shape), mixed)
    return lost(layer)


def lost(layer: Layer) -> Reach | None:
    """An output of which only the rank can be told, and that an axis of one has no positions."""
    outputs = (layer.output,) if type(layer.output) is TensorSpec else layer.outputs
    ranks = {len(o.shape) for o in outputs if o.shape is not None}
    if not outputs or len(ranks) != 1 or outputs[0].shape is None:
        return None
    alike = len({o.shape for o in outputs}) == 1
    fields = tuple(None if n == 1 and alike else LOST for n in outputs[0].shape)
    return Reach(fields, (None,) * len(fields), mixed=True)
