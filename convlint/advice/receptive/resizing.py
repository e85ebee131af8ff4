"""Maps that get another size: adaptive pools, interpolation, pixel shuffle, padding."""

from __future__ import annotations

from convlint.advice.reach import Reach
from convlint.advice.receptive.follower import Reaches, first, follows, lost, reach
from convlint.advice.receptive.step import shared
from convlint.arithmetic.field import (
    ITSELF,
    Field,
    adaptive,
    interpolated,
    repeated,
    shifted,
    window,
)
from convlint.arithmetic.window import axes_of, mode_axes, pad_ends, per_axis
from convlint.dims import known
from convlint.network import Layer


@follows(
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool2d", "adaptive_max_pool3d", "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d_with_indices", "adaptive_max_pool3d_with_indices",
)  # fmt: skip
def _adaptive(layer: Layer, found: Reaches) -> Reach | None:
    axes = axes_of(layer.op)
    before, shape = reach(layer.args["input"], found), first(layer).shape
    if before is None or shape is None or len(before.fields) < axes:
        return None
    sizes, wanted = layer.args["input"].shape[-axes:], shape[-axes:]
    rank = len(before.fields)
    single = [rank - axes + at for at, m in enumerate(wanted) if m == 1]
    pooled = before.pooled(single, [sizes[at - rank] for at in single])
    return pooled.stepped(
        [
            ITSELF if m == 1 or m is n else adaptive(n, m) if known(n, m) and m else None
            for n, m in zip(sizes, wanted, strict=True)
        ]
    )


@follows("interpolate")
def _interpolated(layer: Layer, found: Reaches) -> Reach | None:
    args, image, output = layer.args, layer.args["input"], layer.output
    before = reach(image, found)
    if before is None or output.shape is None or len(output.shape) != len(before.fields):
        return None
    axes = mode_axes(args["mode"], len(image.shape)) or 0
    if axes > len(image.shape):
        return None  # torch refuses it
    factors = per_axis(args["scale_factor"], axes) if args["size"] is None else None
    steps: list[Field | None] = []
    for at in range(-axes, 0):
        n, m = image.shape[at], output.shape[at]
        if n == m and known(n):
            steps.append(ITSELF)
            continue
        true = factors is None or args["recompute_scale_factor"] or n * factors[at] == m
        told = known(n, m) and true and not args["antialias"] and m > 0
        steps.append(
            interpolated(n, m, args["mode"], bool(args["align_corners"])) if told else None
        )
    return before.stepped(steps) if steps else before


@follows("pixel_shuffle", "pixel_unshuffle")
def _shuffled(layer: Layer, found: Reaches) -> Reach | None:
    before = reach(layer.args["input"], found)
    if before is None or len(before.fields) < 3:
        return None
    up = layer.op == "pixel_shuffle"
    r = layer.args["upscale_factor" if up else "downscale_factor"]
    step = None if type(r) is not int else shared(repeated, r) if up else shared(window, r, r)
    return before.contracted(len(before.fields) - 3).stepped((step, step))


@follows("pad")
def _padded(layer: Layer, found: Reaches) -> Reach | None:
    before, args = reach(layer.args["input"], found), layer.args
    if before is None:
        return None
    ends = pad_ends(args["pad"])
    if len(ends) > len(before.fields) or args["mode"] == "circular":
        return lost(layer)
    steps = [shared(shifted, -b) if isinstance(b, int) else None for b, _ in ends]
    return before.stepped(steps) if steps else before
