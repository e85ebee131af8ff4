"""Convolution.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
"""

from __future__ import annotations

from typing import Any

from torch import nn

from convlint.dims import Dim, Unknown
from convlint.network import Layer
from convlint.shapes.registry import explains, lowers, operator, parameter
from convlint.tensor import TensorSpec


def window(n: Dim, kernel: int, stride: int, padding: int, dilation: int) -> Dim:
    """Output size of a window sliding along one axis; `padding` counts both ends together."""
    return (n + padding - dilation * (kernel - 1) - 1) // stride + 1


def per_axis(value: Any, axes: int) -> tuple[int, ...]:
    """One number for every axis, as torch expands a single one."""
    if isinstance(value, (tuple, list)):
        return tuple(value) * axes if len(value) == 1 else tuple(value)
    return (value,) * axes


def _convolution(
    axes: int,
    input: TensorSpec,
    weight: TensorSpec,
    stride: Any,
    padding: Any,
    dilation: Any,
) -> TensorSpec:
    if input.shape is None or weight.shape is None:
        return TensorSpec(None, input.dtype, None)
    kernel = weight.shape[2:]
    strides, dilations = per_axis(stride, axes), per_axis(dilation, axes)
    spatial = input.shape[-axes:]
    if padding == "same":
        out: tuple[Dim, ...] = spatial
    else:
        pads = per_axis(0 if padding == "valid" else padding, axes)
        out = tuple(
            window(n, k, s, 2 * p, d)
            for n, k, s, p, d in zip(spatial, kernel, strides, pads, dilations, strict=True)
        )
    sizes = tuple(Unknown() if isinstance(o, int) and o <= 0 else o for o in out)
    lead = input.shape[: -axes - 1]
    return input.with_shape((*lead, weight.shape[0], *sizes))


@operator
def conv2d(
    input: TensorSpec,
    weight: TensorSpec,
    bias: TensorSpec | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> TensorSpec:
    return _convolution(2, input, weight, stride, padding, dilation)


@lowers(nn.Conv2d, to="conv2d")
def _conv2d(module: nn.Conv2d, input: TensorSpec) -> dict[str, Any]:
    shape = (module.out_channels, module.in_channels // module.groups, *module.kernel_size)
    return {
        "input": input,
        "weight": parameter(module, "weight", shape),
        "bias": parameter(module, "bias"),
        "stride": module.stride,
        "padding": module.padding,
        "dilation": module.dilation,
        "groups": module.groups,
    }


@explains("conv2d")
def _formula(layer: Layer) -> str | None:
    return None
