"""Played quantisation, and draws from gamma and Dirichlet distributions, against torch."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import agree as told
from tests.shapes.operands import SEARCH, agree, operands

DTYPES = [torch.float32] * 4 + [torch.float64, torch.int64, torch.bool, torch.complex64]
KINDS = [torch.int32] * 4 + [torch.float32, torch.float16, torch.int64, torch.float64]
DRAWN = [torch.float32] * 4 + [torch.float64, torch.int64, torch.bool]


@SEARCH
@given(st.data(), st.integers(-3, 3), st.integers(0, 3))
def test_per_tensor(data: Any, low: int, span: int) -> None:
    given_tensor = data.draw(operands(DTYPES))
    call = torch.fake_quantize_per_tensor_affine
    agree(lambda x: call(x, 0.1, low, low, low + span), [given_tensor])
    agree(lambda x: call(x, 0.1, low, low, low - span), [given_tensor])


@SEARCH
@given(st.data(), st.integers(0, 3), st.sampled_from([0, 0, 0, 1]), st.sampled_from(KINDS))
def test_per_channel(data: Any, dim: int, more: int, kind: torch.dtype) -> None:
    x = data.draw(operands(DTYPES))
    channels = (x.shape[dim] if dim < len(x.shape) else 2) + more
    call = torch.fake_quantize_per_channel_affine
    axis = dim if data.draw(st.integers(0, 9)) else -1
    specs = [(x.base[0], x.dtype), ((channels,), torch.float32), ((channels,), kind)]
    told(lambda: lambda t, scale, zero: call(x.laid(t), scale + 0.5, zero, axis, 0, 255), specs)


@SEARCH
@given(st.data(), st.sampled_from([torch._standard_gamma, torch._sample_dirichlet]))
def test_draws(data: Any, call: Any) -> None:
    agree(call, [data.draw(operands(DRAWN))])
