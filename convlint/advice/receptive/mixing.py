"""Layers in which every position sees a whole axis."""

from __future__ import annotations

from convlint.advice.reach import Reach
from convlint.advice.receptive.follower import Reaches, follows, reach
from convlint.network import Layer


@follows("linear")
def _linear(layer: Layer, found: Reaches) -> Reach | None:
    before = reach(layer.args["input"], found)
    if before is None or not before.fields:
        return None
    return before if before.fields[-1] is None else before.replaced(-1, None, mixed=True)


@follows("softmax", "log_softmax", "normalize", "cumsum")
def _along(layer: Layer, found: Reaches) -> Reach | None:
    """A softmax or norm along an axis: every position sees that whole axis."""
    before, dim = reach(layer.args["input"], found), layer.args["dim"]
    if before is None:
        return None
    rank = len(before.fields)
    if type(dim) is int and -rank <= dim < rank and before.fields[dim] is None:
        return before
    return before._replace(mixed=True)


@follows("group_norm", "instance_norm", "layer_norm", "rms_norm")
def _normed(layer: Layer, found: Reaches) -> Reach | None:
    """Statistics over space: every position sees all of it."""
    before = reach(layer.args["input"], found)
    if before is None:
        return None
    over = layer.args.get("normalized_shape")
    axes = len(over) if isinstance(over, (tuple, list)) else int(over is not None)
    given = before.fields[-axes:] if axes else before.fields
    if before.mixed or not any(field is not None for field in given):
        return before
    return before._replace(mixed=True)
