"""Operators that torchvision registers with torch: boxes, regions, deformable convolution.

Their sources are torchvision's `torchvision/csrc/ops`.
"""

from __future__ import annotations

import torch

from convlint.dims import Dim, Unknown
from convlint.shapes.registry import operator
from convlint.tensor import TensorSpec


@operator("torchvision::nms", only=True)
def nms(dets: TensorSpec, scores: TensorSpec, iou_threshold: float) -> TensorSpec:
    """The indices of the boxes that are kept: only the data tells how many."""
    return TensorSpec((Unknown(),), torch.int64)


@operator("torchvision::roi_align", only=True)
def roi_align(
    input: TensorSpec,
    rois: TensorSpec,
    spatial_scale: float,
    pooled_height: Dim,
    pooled_width: Dim,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> TensorSpec:
    """One window of `pooled_height` × `pooled_width` for each of the regions."""
    return _pooled(input, rois, _axis(input, 1), pooled_height, pooled_width)


@operator("torchvision::roi_pool", only=True)
def roi_pool(
    input: TensorSpec,
    rois: TensorSpec,
    spatial_scale: float,
    pooled_height: Dim,
    pooled_width: Dim,
) -> tuple[TensorSpec, TensorSpec]:
    """The maxima of every region's windows, and where they lie."""
    pooled = _pooled(input, rois, _axis(input, 1), pooled_height, pooled_width)
    return pooled, pooled.with_dtype(torch.int32)


@operator("torchvision::ps_roi_align", only=True)
def ps_roi_align(
    input: TensorSpec,
    rois: TensorSpec,
    spatial_scale: float,
    pooled_height: Dim,
    pooled_width: Dim,
    sampling_ratio: int = -1,
) -> tuple[TensorSpec, TensorSpec]:
    """Every window has channels of its own; and which."""
    return _by_position(input, rois, pooled_height, pooled_width)


@operator("torchvision::ps_roi_pool", only=True)
def ps_roi_pool(
    input: TensorSpec,
    rois: TensorSpec,
    spatial_scale: float,
    pooled_height: Dim,
    pooled_width: Dim,
) -> tuple[TensorSpec, TensorSpec]:
    """Every window has channels of its own; and which."""
    return _by_position(input, rois, pooled_height, pooled_width)


@operator("torchvision::deform_conv2d", only=True)
def deform_conv2d(
    input: TensorSpec, weight: TensorSpec, offset: TensorSpec, mask: TensorSpec, bias: TensorSpec,
    stride_h: Dim, stride_w: Dim, pad_h: Dim, pad_w: Dim, dilation_h: Dim, dilation_w: Dim,
    groups: Dim, offset_groups: Dim, use_mask: bool,
) -> TensorSpec:  # fmt: skip
    """The offsets have one row for each place of the output."""
    shape = (_axis(input, 0), _axis(weight, 0), _axis(offset, 2), _axis(offset, 3))
    return input.with_shape(shape)


def _pooled(
    input: TensorSpec, rois: TensorSpec, channels: Dim, height: Dim, width: Dim
) -> TensorSpec:
    return input.with_shape((_axis(rois, 0), channels, height, width))


def _by_position(
    input: TensorSpec, rois: TensorSpec, height: Dim, width: Dim
) -> tuple[TensorSpec, TensorSpec]:
    pooled = _pooled(input, rois, _axis(input, 1) // (height * width), height, width)
    return pooled, pooled.with_dtype(torch.int32)


def _axis(tensor: TensorSpec, place: int) -> Dim:
    return Unknown() if tensor.shape is None else tensor.shape[place]
