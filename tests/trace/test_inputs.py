"""Inputs and outputs: tuples, lists, dicts, dataclasses, keywords, flags, packed sequences."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.trace.helper import follow, traced

A, B = torch.randn(2, 4), torch.randn(2, 4)


@dataclasses.dataclass
class Batch:
    image: Any
    mask: Any = None


class Pair(NamedTuple):
    first: Any
    second: Any


class Base(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)


def test_tuples_and_lists() -> None:
    class Net(Base):
        def forward(self, pair: Any, items: Any) -> Any:
            a, b = pair
            return self.linear(a) + self.linear(b), [items[0] + items[1], *items[2:]]

    follow(Net, (A, B), [A, B, A])


def test_dicts() -> None:
    class Net(Base):
        def forward(self, batch: dict[str, Any]) -> dict[str, Any]:
            assert "a" in batch
            out = {k: self.linear(v) for k, v in batch.items()}
            out["sum"] = {"inner": sum(out.values())}
            return out

    follow(Net, {"a": A, "b": B})


def test_dataclasses() -> None:
    class Net(Base):
        def forward(self, batch: Batch) -> Batch:
            return Batch(self.linear(batch.image), batch.mask)

    follow(Net, Batch(A, B))


def test_named_tuples() -> None:
    class Net(Base):
        def forward(self, pair: Pair) -> Pair:
            return Pair(self.linear(pair.first), pair.second)

    class Outer(Base):
        def forward(self, x: torch.Tensor) -> Any:
            return Pair(x, [x])

    network = traced(Net(), Pair(A, B))
    assert network.outputs[0].shape == (2, 3)
    follow(Outer, A)


def test_keywords_and_defaults() -> None:
    class Net(Base):
        def forward(
            self, x: torch.Tensor, *, mask: Any = None, scale: float = 2.0, **more: Any
        ) -> torch.Tensor:
            x = self.linear(input=x) * scale
            return x if mask is None else x * mask + more["bias"]

    follow(Net, A)
    follow(Net, A, mask=torch.ones(2, 1), bias=torch.ones(3))


def test_flags() -> None:
    class Net(Base):
        def forward(self, x: torch.Tensor, flag: bool, mode: str = "sum", n: int = 1) -> Any:
            x = self.linear(x) if flag else x
            return getattr(x, mode)(n)

    follow(Net, A, True, "mean", graph=False)
    follow(Net, A, False, graph=False)


def test_many_tensors() -> None:
    class Net(Base):
        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            return self.linear(torch.cat(tensors))

    network = traced(Net(), A, B, A)
    assert network.outputs.shape == (6, 3)
    assert [layer.name for layer in network.inputs] == ["tensors", "input_1", "input_2"]


def test_an_input_returned_as_it_is() -> None:
    class Net(Base):
        def forward(self, x: torch.Tensor) -> Any:
            return x, None, 3, "text", x.shape[0]

    network = traced(Net(), A)
    assert network.outputs[0].shape == (2, 4)
    assert network.outputs[1:4] == (None, 3, "text")


def test_recurrent_layers() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True)
            self.gru = nn.GRU(12, 5, batch_first=True)
            self.cell = nn.LSTMCell(5, 3)

        def forward(self, x: torch.Tensor) -> Any:
            out, (h, c) = self.lstm(x)
            out, last = self.gru(out, torch.zeros(1, x.size(0), 5))
            state = None
            for step in range(out.shape[1]):
                state = self.cell(out[:, step], state)
            return out, h[-1], c, last.squeeze(0), state

    follow(Net, torch.randn(2, 7, 4), other=(torch.randn(3, 7, 4),))


def test_packed_sequences() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 6, batch_first=True)

        def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> Any:
            packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            out, (h, _) = self.lstm(packed)
            padded, sizes = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
            return padded, h[-1], sizes

    x, lengths = torch.randn(3, 7, 4), torch.tensor([7, 2, 5])
    network = traced(Net(), x, lengths)
    assert not network.raised, network.raised
    padded, h, _ = network.outputs
    assert h.shape == (3, 6)
    if padded.shape is not None:
        assert padded.shape[-1] == 6


def test_attention() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
            layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2)

        def forward(self, x: torch.Tensor) -> Any:
            mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
            y, weights = self.attention(x, x, x, attn_mask=mask)
            z, none = self.attention(x, y, y, need_weights=False)
            assert none is None
            return self.encoder(y + z), weights

    follow(Net, torch.randn(2, 5, 8), other=(torch.randn(3, 5, 8),))
