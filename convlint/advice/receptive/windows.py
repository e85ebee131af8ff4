"""Convolutions and pools: every position reads a window."""

from __future__ import annotations

from convlint.advice.reach import Reach
from convlint.advice.receptive.follower import Reaches, first, follows, lost, reach
from convlint.advice.receptive.step import fixed, shared, windows
from convlint.arithmetic.field import repeated, transposed
from convlint.arithmetic.window import axes_of, per_axis
from convlint.dims import known
from convlint.network import Layer


@follows("conv1d", "conv2d", "conv3d")
def _convolved(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, axes_of(layer.op)
    image, weight = args["input"], args["weight"].shape
    before = reach(image, found)
    if before is None or weight is None or len(before.fields) < axes + 1:
        return None
    if image.shape[-axes - 1] != weight[1] * args["groups"]:
        return lost(layer)  # a fault, of which another rule speaks
    kernel, padding = weight[2:], args["padding"]
    if args["padding_mode"] == "circular" and padding not in (0, "valid"):
        kernel = None  # a border reads the other one
    before = before.contracted(len(before.fields) - axes - 1)
    steps = windows(axes, kernel, fixed(args["stride"]), fixed(padding), fixed(args["dilation"]))
    return before if steps is None else before.stepped(steps)


@follows(
    "max_pool1d", "max_pool2d", "max_pool3d", "max_pool1d_with_indices",
    "max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool1d", "avg_pool2d",
    "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d",
)  # fmt: skip
def _pooled(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, axes_of(layer.op)
    image = args["input"]
    before = reach(image, found)
    if before is None or len(before.fields) < axes:
        return None
    kernel, stride = fixed(args["kernel_size"]), fixed(args["stride"])
    steps = windows(
        axes,
        kernel,
        kernel if stride is None or stride == () else stride,
        fixed(args.get("padding", 0)),
        fixed(args.get("dilation", 1)),
    )
    shape = first(layer).shape
    if shape is not None and shape[-axes:] == (1,) * axes:
        sizes, rank = image.shape[-axes:], len(before.fields)
        if all(k >= n for k, n in zip(per_axis(kernel, axes) or (), sizes, strict=False)):
            return before.pooled(range(rank - axes, rank), sizes)
    return before if steps is None else before.stepped(steps)


@follows("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _transposed(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, axes_of(layer.op)
    before, weight = reach(args["input"], found), args["weight"].shape
    if before is None or weight is None or len(before.fields) < axes + 1:
        return None
    columns = [per_axis(args[name], axes) for name in ("stride", "padding", "dilation")]
    if args["input"].shape[-axes - 1] != weight[0] or None in columns:
        return lost(layer)
    rows = zip(weight[2:], *(c for c in columns if c is not None), strict=True)
    steps = [shared(transposed, *row) if known(*row) else None for row in rows]
    return before.contracted(len(before.fields) - axes - 1).stepped(steps)


@follows("max_unpool1d", "max_unpool2d", "max_unpool3d")
def _unpooled(layer: Layer, found: Reaches) -> Reach | None:
    args, axes = layer.args, axes_of(layer.op)
    before = reach(args["input"], found)
    if before is None or len(before.fields) < axes:
        return None
    kernels, pads = per_axis(args["kernel_size"], axes), per_axis(args["padding"], axes)
    strides = kernels if args["stride"] is None else per_axis(args["stride"], axes)
    if kernels is None or strides != kernels or pads != (0,) * axes or not known(*kernels):
        return lost(layer)
    if any(k < 1 for k in kernels):  # nothing comes out
        return None
    return before.stepped([shared(repeated, k) for k in kernels])
