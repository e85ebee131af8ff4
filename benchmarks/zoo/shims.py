"""Let torchvision be imported and run where its compiled part does not fit torch.

The wheels of torch for the CPU and of torchvision come from two places, and torchvision's
operators in C++ load with neither.  They are declared here, with kernels that give the right
shapes: enough for a network of a zoo to be run, not to be used.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import torch

_DECLARED = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align": "(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor",
    "roi_pool": "(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width) -> (Tensor, Tensor)",
    "ps_roi_align": "(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width, int sampling_ratio) -> (Tensor, Tensor)",
    "ps_roi_pool": "(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width) -> (Tensor, Tensor)",
    "deform_conv2d": "(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, "
    "SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, "
    "SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask) -> Tensor",
}


def torchvision() -> None:
    """Make `import torchvision` work, with its operators.

    Raises:
        ImportError: it is not installed.
    """
    if "torchvision" in sys.modules:
        return
    try:
        import torchvision as complete  # noqa: F401
    except RuntimeError:
        for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
    else:
        return
    library = torch.library.Library("torchvision", "DEF")
    for name, schema in _DECLARED.items():
        library.define(name + schema)
    for name, kernel in {"nms": _nms, "roi_align": _roi_align, "deform_conv2d": _deform}.items():
        library.impl(name, kernel, "CPU")
        if name != "nms":
            library.impl(name, kernel, "Meta")
    _KEPT.append(library)
    importlib.import_module("torchvision.ops")

    for module in list(sys.modules.values()):
        for name, answer in (("_has_ops", True), ("_assert_has_ops", None)):
            if module.__name__.startswith("torchvision") and hasattr(module, name):
                setattr(module, name, lambda answer=answer: answer)


_KEPT: list[Any] = []
"""A library is undeclared when it is collected."""


def _nms(dets: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Keeps some of the best boxes."""
    return scores.argsort(descending=True)[:50]


def _roi_align(
    input: torch.Tensor,
    rois: torch.Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool,
) -> torch.Tensor:
    return input.new_zeros(rois.shape[0], input.shape[1], pooled_height, pooled_width)


def _deform(
    input: torch.Tensor,
    weight: torch.Tensor,
    offset: torch.Tensor,
    mask: torch.Tensor,
    bias: torch.Tensor,
    *window: Any,
) -> torch.Tensor:
    return input.new_zeros(input.shape[0], weight.shape[0], *offset.shape[2:])
