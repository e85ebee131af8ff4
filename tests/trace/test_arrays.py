"""A trip through NumPy: sizes and dtypes are those of a real run, and no number is a fact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from convlint.tensor import TensorSpec
from tests.oracle import Call
from tests.trace.helper import traced

X = torch.randn(4, 6, 8)

PLAIN = [
    "a", "a.mean((1, 2))", "a - a.mean(axis=1, keepdims=True)", "a.max(1)", "a.argsort(-1)[:, :2]",
    "np.argsort(-a, axis=1)", "np.sqrt(a.var(1, keepdims=True) + 1e-5)", "a.transpose(0, 2, 1)",
    "a.T", "a.astype(np.float64) * 2", "np.concatenate([a, a], 1)", "np.stack([a[0], a[1]])",
    "a.reshape(len(a), -1)", "a[:, 1:3]", "a[0, 0]", "np.fft.fftshift(a, axes=-1)", "a > 0",
    "(a > 0).sum(0)", "np.where(a > 0, a, 0)", "np.clip(a, 0, 1)", "np.linalg.norm(a, axis=1)",
    "a @ np.ones((8, 3))", "np.split(a, 2, 1)[1]", "np.einsum('bnc->bc', a)", "a.squeeze()[None]",
    "np.array([row.sum() for row in a])", "np.ascontiguousarray(a)", "np.asarray(x)", "a.copy()",
    "np.array(a.shape)", "np.zeros((a.shape[0], 3))", "np.arange(a.shape[1])", "np.pad(a[0], 1)",
    "a.sum()", "np.full_like(a, 3)", "np.cumsum(a, 1)", "a.round().astype(int) % 5", "a.ravel()",
    "np.broadcast_to(a[0], (3, 6, 8))", "np.take_along_axis(a, np.argsort(a, 1), 1)", "1 / a",
]  # fmt: skip

BY_DATA = [
    "a[a > 0]", "a[a > 100]", "np.nonzero(a)[0]", "np.argwhere(a < -100)", "np.unique(a)",
    "a[:, a.sum((0, 2)) > 5]", "np.where(a > 3)[1]", "np.flatnonzero(a > 1e9)",
    "np.zeros((a > 0).sum())",
    "np.unique(a.argmax(-1))", "np.repeat(a[0, 0], (a[0, 0] > 0).astype(int))",
    "np.bincount(a.argmax(-1).ravel())",
]  # fmt: skip


def made(text: str) -> Any:
    return eval("lambda x, a: torch.from_numpy(np.array(" + text + "))", {"np": np, "torch": torch})


@pytest.mark.parametrize("text", PLAIN)
def test_sizes_are_known(text: str) -> None:
    make = made(text)
    network = traced(Call(lambda x: make(x, x.detach().cpu().numpy())), X)
    assert not network.raised, network.raised
    expected = make(X, X.numpy())
    assert network.outputs.shape == tuple(expected.shape)
    assert network.outputs.dtype == expected.dtype


@pytest.mark.parametrize("text", BY_DATA)
def test_sizes_that_the_numbers_tell_are_not(text: str) -> None:
    make = made(text)
    network = traced(Call(lambda x: make(x, x.detach().cpu().numpy())), X)
    assert not network.raised, network.raised
    assert network.outputs.shape is None or not network.outputs.known
    assert network.outputs.dtype in (None, make(X, X.numpy()).dtype)


def test_no_number_is_a_fact() -> None:
    class Read(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            a = x.detach().numpy()
            b = np.zeros(6, dtype=np.int64)
            b[:3] = a[0, :3, 0]
            width = int(a.max())
            rows = [x[:, :width], x[:, : b[0]], x[0, torch.as_tensor(b) > 0]]
            rows += [torch.zeros(int(n), 3) for n in b.tolist()[:1]]
            rows += [torch.from_numpy(np.arange(int((a > 0).sum())))]
            rows += [torch.zeros(len(a[a > 0])), torch.zeros(a[a > 0].shape[0], 2)]
            assert a.shape == (4, 6, 8)
            assert isinstance(a, np.ndarray)
            if a.mean() > 0 and (b > 3).any():
                raise ValueError("not so")
            return rows

    network = traced(Read(), X)
    assert not [one for one in network.raised if one.certain]
    for output in network.outputs:
        assert output.shape is None or not output.known, output


def test_the_same_tensor_comes_back() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(x.detach().cpu().numpy()) + x

    network = traced(Call(forward), X)
    assert network.again is not None
    other = network.again({"inputs": TensorSpec((5, 6, 8), torch.float32)})
    assert other.outputs.shape == (5, 6, 8)


def test_what_reads_the_numbers_itself_is_not_followed() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        return x * memoryview(x.numpy()).nbytes

    (raised,) = traced(Call(forward), X).raised
    assert not raised.certain


def test_numpy_is_put_back() -> None:
    before = np.array, np.zeros, np.arange
    traced(Call(lambda x: torch.from_numpy(np.array(x.numpy()))), X)
    assert (np.array, np.zeros, np.arange) == before


def test_what_was_kept_from_a_trace_is_plain_afterwards() -> None:
    kept: list[Any] = []

    def forward(x: torch.Tensor) -> torch.Tensor:
        kept.append(np.zeros)
        return torch.from_numpy(x.numpy() + np.zeros(8))

    traced(Call(forward), X)
    assert type(kept[0](3)) is np.ndarray
