"""Convolution.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.arithmetic.window import explain_windows, paddings, read, window_size
from convlint.dims import Shape
from convlint.shapes.arguments import numbers, positive, survived
from convlint.shapes.memory import fresh, fresh_sequence, kept, unless_contiguous
from convlint.shapes.registry import Rejected, ShapeFunction, explains, lowers, operator, parameter
from convlint.tensor import CONTIGUOUS, TensorSpec


def _convolution(axes: int) -> ShapeFunction:
    def shape(
        input: TensorSpec,
        weight: TensorSpec,
        bias: TensorSpec | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: Any = 1,
        padding_mode: str = "zeros",
    ) -> TensorSpec:
        kernel = kernel_of(weight, axes)
        strides = numbers(stride, axes, "stride")
        dilations = numbers(dilation, axes, "dilation")
        positive(strides, "stride")
        positive(dilations, "dilation")
        positive((groups,), "groups")
        if not isinstance(padding, str):
            padding = numbers(padding, axes, "padding")
            if padding_mode == "zeros" and any(p < 0 for p in padding):
                raise Rejected("negative padding is not supported")
        elif padding not in ("same", "valid"):
            raise Rejected(f"invalid padding string {padding!r}; it is 'valid' or 'same'")
        elif padding == "same" and any(s != 1 for s in strides):
            raise Rejected("padding='same' is not supported for strided convolutions")
        fits_bias(bias, None if weight.shape is None else weight.shape[0])
        if input.shape is None or weight.shape is None or kernel is None:
            return fresh(input, None)
        image = read(input, weight.shape[1] * groups, axes)
        ends = paddings(padding, kernel, dilations)
        assert ends is not None
        sizes = [
            window_size(n, k, s, before + after, d)
            for n, k, s, (before, after), d in zip(
                image.spatial(axes), kernel, strides, ends, dilations, strict=True
            )
        ]
        lead = image.shape[: -axes - 1]
        if all(n >= 1 for n in sizes):
            seen(input, image.shape, axes)
        # Without channels torch computes nothing (ATen: calc_output_size, ConvBackend::Empty).
        channels = 0 if image.shape[-axes - 1] == 0 else weight.shape[0]
        output = (*lead, channels, *map(survived, sizes))
        return laid_out(
            axes, computed(input, weight), weight, output, wrapped=padding_mode == "circular"
        )

    return shape


def laid_out(
    axes: int, input: TensorSpec, weight: TensorSpec, shape: Shape, wrapped: bool = False
) -> TensorSpec:
    """The result of a convolution, in the order in which torch's kernels write it.

    Args:
        wrapped: circular padding has made a contiguous copy before.
    """
    if axes == 1:
        return fresh_sequence(input, shape)
    if wrapped and weight.strides == CONTIGUOUS:
        return fresh(input, shape)
    if axes == 2 and len(shape) == 4 and input.dtype is torch.float32:
        return kept(input, shape, weight)
    contiguous = weight.strides == CONTIGUOUS
    return unless_contiguous(input, shape) if contiguous else TensorSpec(shape, input.dtype, None)


def seen(input: TensorSpec, shape: Shape, axes: int) -> None:
    """Refuse an image that is empty, unless it has no channels or there is none at all.

    Raises:
        Rejected: an axis of it has size 0.
    """
    empty = any(n == 0 for n in shape[-axes:])
    if empty and not any(n == 0 for n in shape[:-axes]):
        raise Rejected(f"only zero batch or zero channel inputs are supported, but got {input}")


def kernel_of(weight: TensorSpec, axes: int) -> Shape | None:
    """The spatial sizes of a convolution's weights.

    Raises:
        Rejected: they have another rank, or no elements.
    """
    if weight.shape is None:
        return None
    if len(weight.shape) != axes + 2:
        raise Rejected(f"expected {axes + 2}-dimensional weights, but got weights of size {weight}")
    if any(k == 0 for k in (weight.shape[0], *weight.shape[2:])):
        raise Rejected(f"the weights {weight} have no elements")
    return weight.shape[2:]


def computed(input: TensorSpec, weight: TensorSpec) -> TensorSpec:
    """The input as it must be: in the dtype of the weights, which decide what comes out."""
    return input if weight.dtype is None else input.with_dtype(weight.dtype)


def fits_bias(bias: TensorSpec | None, channels: Any) -> None:
    """Refuse a bias that is not one number for every output channel.

    Raises:
        Rejected: it is not.
    """
    if bias is None or bias.shape is None or channels is None:
        return
    if len(bias.shape) != 1 or bias.shape[0] != channels:
        raise Rejected(f"expected a bias of {channels} elements, but got one of size {bias}")


for _axes in (1, 2, 3):
    operator(name=f"conv{_axes}d")(_convolution(_axes))


def _lowered(module: nn.Conv1d | nn.Conv2d | nn.Conv3d, input: TensorSpec) -> dict[str, Any]:
    shape = (module.out_channels, module.in_channels // module.groups, *module.kernel_size)
    return {
        "input": input,
        "weight": parameter(module, "weight", shape),
        "bias": parameter(module, "bias", (module.out_channels,)),
        "stride": module.stride,
        "padding": module.padding,
        "dilation": module.dilation,
        "groups": module.groups,
        "padding_mode": module.padding_mode,
    }


lowers(nn.Conv1d, to="conv1d")(_lowered)
lowers(nn.Conv2d, to="conv2d")(_lowered)
lowers(nn.Conv3d, to="conv3d")(_lowered)

explains("conv1d", "conv2d", "conv3d")(explain_windows)
