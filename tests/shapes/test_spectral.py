"""Fourier transforms and complex numbers against torch."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import convlint_says
from tests.shapes.operands import SEARCH, Operand, agree, mates, operands

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
MORE = [
    "fft2", "ifft2", "fftn", "ifftn", "rfft2", "irfft2", "rfftn", "irfftn", "hfft2",
    "ihfft2", "hfftn", "ihfftn",
]  # fmt: skip
DTYPES = [torch.float32] * 4 + [torch.float64, torch.int64, torch.bool, torch.complex64]

dims = st.integers(-3, 3)
points = st.sampled_from([1, 2, 3, 6, 8, -1, 0])


@SEARCH
@given(st.sampled_from(ONE), operands(DTYPES), st.none() | points, dims)
def test_one_axis(name: str, x: Operand, n: Any, dim: int) -> None:
    agree(lambda t: getattr(torch.fft, name)(t, n=n, dim=dim), [x])


@SEARCH
@given(st.sampled_from(MORE), operands(DTYPES), st.data())
def test_several_axes(name: str, x: Operand, data: Any) -> None:
    count = data.draw(st.integers(1, 3))
    keywords = {}
    if data.draw(st.booleans()):
        keywords["s"] = data.draw(st.lists(points, min_size=count, max_size=count).map(tuple))
    if data.draw(st.booleans()):
        keywords["dim"] = data.draw(st.lists(dims, min_size=count, max_size=count).map(tuple))
    agree(lambda t: getattr(torch.fft, name)(t, **keywords), [x])


@pytest.mark.parametrize("name", [*ONE, "fft2", "rfft2", "irfft2"])
def test_no_signals_at_all(name: str) -> None:
    """Whether the CPU takes them hangs on the library that it computes with: MKL does not."""
    specs = [((2, 0, 4, 6), torch.float32)]
    network, errors = convlint_says(lambda: getattr(torch.fft, name), specs)
    assert not errors
    answer = getattr(torch.fft, name)(torch.empty(2, 0, 4, 6, device="meta"))
    assert network.outputs.shape == tuple(answer.shape)


@SEARCH
@given(
    st.sampled_from(["fftshift", "ifftshift"]),
    operands(DTYPES),
    st.none() | dims | st.tuples(dims, dims),
)
def test_shifts(name: str, x: Operand, dim: Any) -> None:
    agree(lambda t: getattr(torch.fft, name)(t, dim=dim), [x])


@SEARCH
@given(
    st.sampled_from([(20,), (2, 20), (2, 7), (3,), (1, 2, 20)]),
    st.sampled_from([4, 5, 8, 16]),
    st.sampled_from([None, 1, 3, 0]),
    st.sampled_from([None, None, 4, 20]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([True, True, False, None]),
    st.sampled_from([None, None, True, False]),
)
def test_stft(
    shape: Any, n: int, hop: Any, width: Any, window: bool, center: bool, split: Any, half: Any
) -> None:
    def call(x: Any) -> Any:
        return torch.stft(
            x, n, hop, width, torch.ones(width or n) if window else None, center=center,
            return_complex=split, onesided=half,
        )  # fmt: skip

    agree(call, [Operand(shape, torch.float32, tuple(range(len(shape))))])


@SEARCH
@given(
    st.sampled_from([4, 8]), st.sampled_from([3, 4, 5, 8]), st.booleans(), st.none() | st.just(5)
)
def test_istft(n: int, rows: int, batch: bool, length: Any) -> None:
    shape = (2, rows, 6) if batch else (rows, 6)
    window = torch.ones(n)
    x = Operand(shape, torch.complex64, tuple(range(len(shape))))
    agree(lambda t: torch.istft(t, n, window=window, length=length), [x])


@SEARCH
@given(
    st.sampled_from(["real", "imag", "view_as_real", "conj", "abs", "angle", "resolve_conj"]),
    operands(DTYPES),
)
def test_parts(name: str, x: Operand) -> None:
    agree(getattr(torch, name), [x])


@SEARCH
@given(operands([torch.float32]), st.sampled_from([2, 2, 3]))
def test_view_as_complex(x: Operand, last: int) -> None:
    shape = (*x.shape, last)
    agree(torch.view_as_complex, [Operand(shape, x.dtype, (*x.order, len(x.shape)))])


@SEARCH
@given(st.sampled_from(["complex", "polar"]), st.data())
def test_made_of_parts(name: str, data: Any) -> None:
    x = data.draw(operands([torch.float32, torch.float64]))
    agree(getattr(torch, name), [x, data.draw(mates(x, [torch.float32]))])


def test_answered_without_torch() -> None:
    def call(x: Any) -> Any:
        spectrum = torch.fft.rfft2(x, norm="ortho")
        return torch.fft.irfft2(spectrum, s=x.shape[-2:], norm="ortho"), spectrum.real

    with patch("convlint.trace.mode.ask", side_effect=AssertionError("torch was asked")):
        network, errors = convlint_says(lambda: call, [((2, 3, 8, 9), torch.float32)])
    assert not errors
    assert network.outputs[0].shape == (2, 3, 8, 9)
