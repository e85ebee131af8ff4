"""Operators of torchvision, against its own kernels written in Python where it has them."""

from __future__ import annotations

import importlib.util

import pytest
import torch
from torch import nn

from tests.oracle import convlint_says

if importlib.util.find_spec("torchvision") is None:
    pytest.skip("torchvision is not installed", allow_module_level=True)

from benchmarks.zoo import shims

shims.torchvision()
from torchvision import ops  # noqa: E402

BOXES = (((5, 4), torch.float32), ((5,), torch.float32))
REGIONS = (((2, 8, 9, 7), torch.float32), ((5, 5), torch.float32))


def test_what_nms_keeps_is_a_vector_of_unknown_length() -> None:
    network, errors = convlint_says(lambda: lambda b, s: b[ops.nms(b, s, 0.5)], BOXES)
    assert not errors
    assert network.outputs.shape[1] == 4
    assert not isinstance(network.outputs.shape[0], int)


def test_regions_are_pooled_to_windows() -> None:
    network, errors = convlint_says(lambda: lambda x, r: ops.roi_align(x, r, (3, 2)), REGIONS)
    assert not errors
    plain = ops.roi_align.__globals__[
        "_roi_align"
    ].__wrapped__  # without torch.compile: half a minute
    own = plain(torch.rand(2, 8, 9, 7), torch.zeros(5, 5), 1.0, 3, 2, 2, False)
    assert network.outputs.shape == tuple(own.shape)


def test_regions_by_position_share_the_channels() -> None:
    network, errors = convlint_says(lambda: lambda x, r: ops.ps_roi_align(x, r, (2, 2)), REGIONS)
    assert not errors
    assert network.outputs.shape == (5, 2, 2, 2)


def test_a_deformable_convolution_is_as_large_as_its_offsets() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.offsets = nn.Conv2d(8, 18, 3, 2, 1)
            self.conv = ops.DeformConv2d(8, 6, 3, 2, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x, self.offsets(x))

    network, errors = convlint_says(Net, REGIONS[:1])
    assert not errors
    assert network.outputs.shape == tuple(nn.Conv2d(8, 6, 3, 2, 1)(torch.rand(2, 8, 9, 7)).shape)
