"""Quantisation that is only played: rounded to a few steps, and still a tensor of floats.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.fake_quantize_per_tensor_affine.html
"""

from __future__ import annotations

from typing import Any

import torch

from convlint.shapes.axes import axis
from convlint.shapes.broadcast import elementwise
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import TensorSpec

_OFFSETS = (torch.int32, torch.float32, torch.float16, None)


@operator
def fake_quantize_per_tensor_affine(
    input: TensorSpec, scale: Any, zero_point: Any, quant_min: Any, quant_max: Any
) -> TensorSpec:
    return _rounded(input, quant_min, quant_max)


@operator
def fake_quantize_per_channel_affine(
    input: TensorSpec,
    scale: TensorSpec,
    zero_point: TensorSpec,
    axis: Any,
    quant_min: Any,
    quant_max: Any,
) -> TensorSpec:
    if zero_point.dtype not in _OFFSETS:
        raise Rejected(f"Zero-point must be Int32, Float or Half, found {zero_point.dtype}")
    if any(t.shape is not None and len(t.shape) != 1 for t in (scale, zero_point)):
        raise Rejected("scale and zero-point should be 1-D tensors")
    channels = _channels(input, axis)
    for tensor in (scale, zero_point):
        if tensor.shape is not None and channels is not None and tensor.shape[0] != channels:
            raise Rejected(
                f"dimensions of scale and zero-point are not consistent with input tensor:"
                f" {tensor.shape[0]} and {channels}"
            )
    return _rounded(input, quant_min, quant_max)


def _channels(input: TensorSpec, dim: Any) -> Any:
    if input.shape is None or not isinstance(dim, int):
        return None
    if not input.shape:
        raise Rejected("Dimension specified as 0 but tensor has no dimensions")
    if dim < 0:
        raise Rejected("`axis` must be between 0 and number of dimensions of input")
    return input.shape[axis(dim, len(input.shape))]


def _rounded(input: TensorSpec, low: Any, high: Any) -> TensorSpec:
    if input.dtype is not None and not input.dtype.is_floating_point:
        raise Rejected(f"fake_quantize is not implemented for {input.dtype}")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        raise Rejected(f"`quant_min` ({low}) should be less than or equal to `quant_max` ({high})")
    return elementwise(input.dtype, input)
