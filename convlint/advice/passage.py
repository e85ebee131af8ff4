"""The way of one side of a tensor backwards: through layers that hand it on, whatever its place.

Unlike `origin`, which looks for what set a size, this follows a side through permutations and
reductions, and stops where it is not certain which side it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from convlint.advice.batch import RESHAPES
from convlint.advice.origin import sets
from convlint.dims import Shape
from convlint.network import Layer
from convlint.tensor import TensorSpec

_SWAPS: Final = frozenset({"transpose", "swapaxes", "swapdims"})
_TURNS: Final = frozenset({"mT", "adjoint"})
_REDUCTIONS: Final = frozenset({"mean", "sum", "amax", "amin"})
_POINTWISE: Final = frozenset({
    "relu", "relu_", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "prelu",
    "sigmoid", "tanh", "hardswish", "hardsigmoid", "hardtanh", "softplus", "softmax", "log_softmax",
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
    "batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "local_response_norm",
    "add", "add_", "sub", "sub_", "mul", "mul_", "div", "div_", "exp", "log", "sqrt", "abs", "neg",
    "clamp", "contiguous", "clone", "detach", "to", "float", "half", "identity", "expand",
})  # fmt: skip
"""Layers whose sides are those of their input, each in its place."""

_IN_PLACE: Final = ("conv", "max_pool", "avg_pool", "lp_pool", "cat", "interpolate")
"""The beginnings of layers that keep the order of the sides, and may change their sizes."""

_ROWWISE: Final = _SWAPS | _TURNS | {
    "linear", "bilinear", "permute", "movedim", "squeeze", "unsqueeze", "adaptive_avg_pool1d",
    "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "pad",
    "scaled_dot_product_attention", "bmm",
}  # fmt: skip
"""Layers that compute every row of a side by itself."""


def traced(tensor: TensorSpec, axis: int) -> tuple[Layer | None, int]:
    """The layer that made side `axis`, and which of its sides it is."""
    layer = None
    for step in steps(tensor, axis):
        layer, axis = step
    return layer, axis


def steps(tensor: TensorSpec, axis: int) -> Iterator[tuple[Layer, int]]:
    """The layers that side `axis` has come through, from the last one back to the one that made it.

    With each, which side of its output it is.
    """
    layer = tensor.source
    while layer is not None:
        yield layer, axis
        before = _before(layer, axis)
        if before is None:
            return
        tensor, axis = before
        layer = tensor.source


def moved(layer: Layer, axis: int) -> tuple[TensorSpec, int] | None:
    """The tensor and the side of it that a layer has put to `axis`; None if it does not do that."""
    given, out = _flow(layer)
    order = _order(layer, len(given.shape or ()), len(out)) if given is not None else None
    place = order[axis] if order is not None and axis < len(order) else None
    return None if given is None or place is None else (given, place)


def _flow(layer: Layer) -> tuple[TensorSpec | None, Shape]:
    """What a layer takes first (None where something is not known), and the sides of its output."""
    out = layer.outputs[0].shape if len(layer.outputs) == 1 else None
    given = next((t for t in layer.tensors if t.source is not None), None)
    if out is None or given is None or given.shape is None:
        return None, ()
    return given, out


def _before(layer: Layer, axis: int) -> tuple[TensorSpec, int] | None:
    """The tensor that a layer has side `axis` of its output from, and the side; or it made it."""
    given, out = _flow(layer)
    if given is None or given.shape is None:
        return None
    if _order(layer, len(given.shape), len(out)) is not None:
        return moved(layer, axis)
    if layer.op in RESHAPES and given.shape[: axis + 1] == out[: axis + 1]:
        return given, axis  # in row-major order the sides behind it do not matter
    for tensor in layer.tensors:
        shape = tensor.shape
        if tensor.source is not None and shape and _is_same(layer, shape, out, axis):
            return tensor, axis
    return None


def _order(layer: Layer, rank: int, made: int) -> Sequence[int | None] | None:
    """For every side of the output the side of the input, where the layer moves sides."""
    args, sides = layer.args, list(range(rank))
    if layer.op in _SWAPS:
        one, other = list(args.values())[1:3]
        return _swapped(sides, one, other)
    if layer.op in _TURNS:
        return _swapped(sides, -1, -2)
    dims = args.get("dims", args.get("dim"))
    if layer.op == "permute" and isinstance(dims, (tuple, list)):
        return [sides[d] for d in dims] if _are_sides(dims, rank) and len(dims) == rank else None
    if layer.op == "unsqueeze" and isinstance(dims, int) and -made <= dims < made:
        moved: list[int | None] = list(sides)
        moved.insert(dims % made, None)
        return moved
    if layer.op == "squeeze" and isinstance(dims, int) and made == rank - 1:
        return [side for side in sides if side != dims % rank]
    if layer.op in _REDUCTIONS and made < rank:
        gone = dims if isinstance(dims, (tuple, list)) else (dims,)
        if _are_sides(gone, rank):
            return [side for side in sides if side not in {d % rank for d in gone}]
    return None


def _swapped(sides: list[int], one: Any, other: Any) -> Sequence[int] | None:
    if not _are_sides((one, other), len(sides)):
        return None
    sides[one], sides[other] = sides[other], sides[one]
    return sides


def _are_sides(dims: Any, rank: int) -> bool:
    return all(isinstance(d, int) and -rank <= d < rank for d in dims)


def is_in_place(layer: Layer) -> bool:
    """Whether what lies along a side that has come through a layer stays in its order."""
    return (
        layer.op in _POINTWISE
        or layer.op in _ROWWISE
        or layer.op in RESHAPES
        or layer.op in _REDUCTIONS
        or layer.op.startswith(_IN_PLACE)
    )


def _is_same(layer: Layer, before: Shape, out: Shape, axis: int) -> bool:
    """Whether a side stays where it is: certainly, or its size stands nowhere else."""
    if len(before) != len(out) or sets(layer, axis, len(out)):
        return False
    side = out[axis]
    if not (isinstance(side, int) and before[axis] == side):
        return False
    if layer.op in _POINTWISE or layer.op.startswith(_IN_PLACE):
        return True
    return before.count(side) == 1 and out.count(side) == 1
