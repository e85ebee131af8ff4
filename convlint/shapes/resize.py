"""Interpolation, shuffles between channels and space, blocks, and sampling on a grid.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
"""

from __future__ import annotations

from typing import Any

from torch import nn

from convlint.arithmetic.layout import read_image
from convlint.arithmetic.window import explain_windows, mode_axes, per_axis, scaled, window_size
from convlint.dims import Dim, Shape, Unknown, guess, product
from convlint.network import Layer
from convlint.shapes.arguments import not_negative, numbers, positive, survived, whole
from convlint.shapes.axes import scalar
from convlint.shapes.memory import fresh, kept, unless_contiguous
from convlint.shapes.registry import Rejected, explains, lowers, operator
from convlint.tensor import CONTIGUOUS, TensorSpec


@operator
def interpolate(
    input: TensorSpec,
    size: Any = None,
    scale_factor: Any = None,
    mode: Any = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: Any = False,
) -> TensorSpec:
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise Rejected(
            "align_corners option can only be set with the interpolating modes: "
            "linear | bilinear | bicubic | trilinear"
        )
    if size is not None and scale_factor is not None:
        raise Rejected("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise Rejected("either size or scale_factor should be defined")
    if recompute_scale_factor and size is not None:
        raise Rejected("recompute_scale_factor is not meaningful with an explicit size")
    if input.shape is None:
        return fresh(input, None)
    axes = mode_axes(mode, len(input.shape))
    if axes is None:
        raise Rejected(f"{mode!r} is no mode of interpolation")
    if antialias and mode not in ("bilinear", "bicubic", "lanczos"):
        raise Rejected("antialias is restricted to the modes bilinear, bicubic and lanczos")
    if mode == "lanczos" and (align_corners or not antialias):
        raise Rejected("lanczos mode requires antialias=True and does not take align_corners=True")
    axes = max(0, min(axes, len(input.shape)))
    if any(n == 0 for n in input.shape[1:]):
        raise Rejected(f"input and output sizes should be greater than 0, but the input is {input}")
    lead, spatial = input.shape[: len(input.shape) - axes], input.shape[len(input.shape) - axes :]
    if size is not None:
        for one in size if isinstance(size, (tuple, list)) else (size,):
            scalar(one, "size must be whole numbers, but it is a tensor of others", any_rank=True)
        wanted = per_axis(size, axes) if not isinstance(size, (tuple, list)) else tuple(size)
        sizes = tuple(whole(w, "size") for w in wanted or ())
    else:
        given = isinstance(scale_factor, (tuple, list))
        factors = tuple(scale_factor) if given else (scale_factor,) * axes
        sizes = tuple(scaled(n, f) for n, f in zip(spatial, factors, strict=False))
    if len(sizes) != axes:  # another number of spatial axes was meant
        return fresh(input, None)
    left = not_negative if mode == "area" else survived
    shape = (*lead, *(left(n) for n in sizes))
    if mode == "area":
        return (
            unless_contiguous(input, shape)
            if axes == 1
            else (fresh(input, shape) if axes == 3 else kept(input, shape))
        )
    return fresh(input, shape) if axes == 1 else kept(input, shape)


@lowers(nn.Upsample, to="interpolate")
def _upsample(module: nn.Upsample, input: TensorSpec) -> dict[str, Any]:
    return {
        "input": input,
        "size": module.size,
        "scale_factor": module.scale_factor,
        "mode": module.mode,
        "align_corners": module.align_corners,
        "recompute_scale_factor": module.recompute_scale_factor,
    }


# -- between channels and space


def _shuffled_channels(channels: Dim, area: Dim) -> Dim:
    """The channels that are left; unknown where they cannot be divided."""
    return (
        Unknown(max(1, guess(channels) // guess(area)))
        if channels % area != 0
        else (channels // area)
    )


@operator
def pixel_shuffle(input: TensorSpec, upscale_factor: Any) -> TensorSpec:
    factor = whole(upscale_factor, "upscale_factor")
    positive((factor,), "upscale_factor")
    if input.shape is None or len(input.shape) < 3:
        return fresh(input, None)
    *lead, channels, height, width = input.shape
    left = _shuffled_channels(channels, factor * factor)
    shape = (*lead, left, height * factor, width * factor)
    return kept(input, shape) if len(shape) == 4 else unless_contiguous(input, shape)


@operator
def pixel_unshuffle(input: TensorSpec, downscale_factor: Any) -> TensorSpec:
    factor = whole(downscale_factor, "downscale_factor")
    positive((factor,), "downscale_factor")
    if input.shape is None or len(input.shape) < 3:
        return fresh(input, None)
    *lead, channels, height, width = input.shape
    sizes = (_shuffled_channels(n, factor) for n in (height, width))
    shape = (*lead, channels * factor * factor, *sizes)
    return kept(input, shape) if len(shape) == 4 else unless_contiguous(input, shape)


@operator("native_channel_shuffle")
def channel_shuffle(input: TensorSpec, groups: Any) -> TensorSpec:
    positive((whole(groups, "groups"),), "groups")
    return kept(input, input.shape)


@lowers(nn.PixelShuffle, to="pixel_shuffle")
def _pixel_shuffle(module: nn.PixelShuffle, input: TensorSpec) -> dict[str, Any]:
    return {"input": input, "upscale_factor": module.upscale_factor}


@lowers(nn.PixelUnshuffle, to="pixel_unshuffle")
def _pixel_unshuffle(module: nn.PixelUnshuffle, input: TensorSpec) -> dict[str, Any]:
    return {"input": input, "downscale_factor": module.downscale_factor}


@lowers(nn.ChannelShuffle, to="channel_shuffle")
def _channel_shuffle(module: nn.ChannelShuffle, input: TensorSpec) -> dict[str, Any]:
    return {"input": input, "groups": module.groups}


# -- blocks


@operator("nn.functional.unfold", only=True)
def im2col(
    input: TensorSpec,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> TensorSpec:
    kernel, blocks = _blocks(input, kernel_size, dilation, padding, stride)
    if input.shape is None:
        return fresh(input, None)
    read = read_image(input.shape, None, 2)
    if any(n == 0 for n in read.shape[-3:]):
        raise Rejected(f"expected an input with elements, but got one of size {input}")
    *lead, channels = read.shape[:-2]
    sizes = blocks(read.spatial(2))
    return fresh(input, (*lead, channels * product(kernel), product(survived(n) for n in sizes)))


def _blocks(
    input: TensorSpec, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[tuple[Dim, ...], Any]:
    """The kernel, and how many blocks fit along the axes of an image."""
    kernel = numbers(kernel_size, 2, "kernel_size")
    dilations = numbers(dilation, 2, "dilation")
    pads = numbers(padding, 2, "padding")
    strides = numbers(stride, 2, "stride")
    for values, name in ((kernel, "kernel_size"), (dilations, "dilation"), (strides, "stride")):
        positive(values, name)
    if any(p < 0 for p in pads):
        raise Rejected("padding should be non-negative")

    def blocks(spatial: Shape) -> tuple[Dim, ...]:
        rows = zip(spatial, kernel, strides, pads, dilations, strict=True)
        return tuple(window_size(n, k, s, 2 * p, d) for n, k, s, p, d in rows)

    return kernel, blocks


@operator
def fold(
    input: TensorSpec,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> TensorSpec:
    sizes = numbers(output_size, 2, "output_size")
    kernel, blocks = _blocks(input, kernel_size, dilation, padding, stride)
    positive(sizes, "output_size")
    if input.shape is None:
        return fresh(input, None)
    area = product(kernel)
    if len(input.shape) not in (2, 3) or any(n == 0 for n in input.shape[-2:]):
        raise Rejected(f"expected a 2D or 3D input with elements, but got one of size {input}")
    *lead, columns, length = input.shape
    if columns % area != 0:
        raise Rejected(
            f"expected size of input's dimension 1 to be divisible by the product of "
            f"kernel_size, {area}, but it is {columns}"
        )
    counts = blocks(sizes)
    if any(n < 1 for n in counts) or length != product(counts):
        text = " · ".join(str(n) for n in counts)
        raise Rejected(
            f"an output of {sizes[0]}×{sizes[1]} is made of {text} = {product(counts)} blocks, "
            f"but {length} arrive"
        )
    return fresh(input, (*lead, columns // area, *sizes))


@lowers(nn.Unfold, to="im2col")
def _unfold(module: nn.Unfold, input: TensorSpec) -> dict[str, Any]:
    return {
        "input": input,
        "kernel_size": module.kernel_size,
        "dilation": module.dilation,
        "padding": module.padding,
        "stride": module.stride,
    }


@lowers(nn.Fold, to="fold")
def _fold(module: nn.Fold, input: TensorSpec) -> dict[str, Any]:
    return {
        "input": input,
        "output_size": module.output_size,
        "kernel_size": module.kernel_size,
        "dilation": module.dilation,
        "padding": module.padding,
        "stride": module.stride,
    }


explains("im2col")(explain_windows)


# -- sampling


@operator
def grid_sample(
    input: TensorSpec,
    grid: TensorSpec,
    mode: Any = "bilinear",
    padding_mode: Any = "zeros",
    align_corners: Any = None,
) -> TensorSpec:
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise Rejected(f"expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: {mode!r}")
    if padding_mode not in ("zeros", "border", "reflection"):
        raise Rejected(
            f"expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"{padding_mode!r}"
        )
    return _sampled(input, grid, bicubic=mode == "bicubic")


@operator("grid_sampler_2d", "grid_sampler_3d")
def grid_sampler(
    input: TensorSpec,
    grid: TensorSpec,
    interpolation_mode: Any,
    padding_mode: Any,
    align_corners: Any,
) -> TensorSpec:
    return _sampled(input, grid, bicubic=interpolation_mode == 2)


def _sampled(input: TensorSpec, grid: TensorSpec, bicubic: bool) -> TensorSpec:
    if input.shape is None or grid.shape is None:
        return fresh(input, None)
    rank = len(input.shape)
    if rank not in (4, 5) or len(grid.shape) != rank:
        raise Rejected(
            f"expected 4D or 5D input and grid with same number of dimensions, but got input "
            f"with sizes {input} and grid with sizes {grid}"
        )
    if input.shape[0] != grid.shape[0]:
        raise Rejected(
            f"expected grid and input to have same batch size, but got input with sizes {input} "
            f"and grid with sizes {grid}"
        )
    if grid.shape[-1] != rank - 2:
        raise Rejected(
            f"expected grid to have size {rank - 2} in last dimension, but got grid with sizes "
            f"{grid}"
        )
    if any(n == 0 for n in input.shape[2:]):
        raise Rejected(f"expected input to have non-empty spatial dimensions, but it is {input}")
    if bicubic and rank != 4:
        raise Rejected("bicubic interpolation only supports 4D input")
    return fresh(input, (*input.shape[:2], *grid.shape[1:-1]))


@operator
def affine_grid(theta: TensorSpec, size: Any, align_corners: Any = None) -> TensorSpec:
    sizes = tuple(whole(n, "size") for n in size)
    axes = len(sizes) - 2
    if axes not in (2, 3):
        raise Rejected(f"affine_grid only supports 4D and 5D sizes, but got size {list(sizes)}")
    if theta.shape is not None:
        wrong = len(theta.shape) != 3 or any(
            n != m for n, m in zip(theta.shape[1:], (axes, axes + 1), strict=True)
        )
        if wrong:
            raise Rejected(
                f"expected a batch of affine matrices of shape N×{axes}×{axes + 1} for size "
                f"{list(sizes)}, but got {theta}"
            )
        if theta.shape[0] != sizes[0]:
            raise Rejected(f"expected {sizes[0]} affine matrices, but got {theta.shape[0]}")
    if any(n <= 0 for n in sizes):
        raise Rejected(f"expected non-zero, positive output size, but got {list(sizes)}")
    return TensorSpec((sizes[0], *sizes[2:], axes), theta.dtype, CONTIGUOUS)


@explains("interpolate")
def _formula(layer: Layer) -> str | None:
    image, factor = layer.args["input"], layer.args["scale_factor"]
    if image.shape is None or factor is None:
        return None
    axes = mode_axes(layer.args["mode"], len(image.shape)) or 0
    factors = per_axis(factor, axes) or ()
    spatial = image.shape[len(image.shape) - axes :]
    rows = zip(spatial, factors, strict=True)
    texts = [f"⌊{n} · {f}⌋ = {scaled(n, f)}" for n, f in rows]
    return texts[0] if len(set(texts)) == 1 else "; ".join(texts)
