"""Where positions begin: an image has them, weights and constants have none."""

from __future__ import annotations

from convlint.advice.pointwise import KEPT
from convlint.advice.reach import Origin, Reach, plain
from convlint.advice.receptive.follower import Reaches, follows
from convlint.arithmetic.field import ITSELF
from convlint.network import Layer
from convlint.tensor import TensorSpec


@follows("input")
def _image(layer: Layer, found: Reaches) -> Reach | None:
    """An input: each of its axes may turn out to be one of space, but the first."""
    spec = layer.output
    if type(spec) is not TensorSpec or spec.shape is None:
        return None
    if spec.dtype is not None and not spec.dtype.is_floating_point:
        return plain(len(spec.shape))
    origins = tuple(
        Origin(layer.name, axis, n) if axis and isinstance(n, int) else None
        for axis, n in enumerate(spec.shape)
    )
    return Reach(tuple(origin and ITSELF for origin in origins), origins)


@follows("parameter", "buffer", "constant")
def constant(layer: Layer, found: Reaches) -> Reach | None:
    spec = layer.output
    return plain(len(spec.shape)) if type(spec) is TensorSpec and spec.shape is not None else None


@follows(*KEPT)
def _kept(layer: Layer, found: Reaches) -> Reach | None:
    given = layer.args["input"]
    if not isinstance(given, TensorSpec):  # nn.Identity takes anything
        return None
    return found[given.source.name] if given.source is not None else constant(layer, found)
