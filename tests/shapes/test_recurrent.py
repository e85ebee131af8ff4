"""Recurrent layers against torch."""

import warnings
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import weight_norm
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from convlint.trace import mode
from tests.oracle import agree, convlint_says
from tests.shapes.images import no_torch
from tests.shapes.layers import DTYPES, FLOAT, LONG, SEARCH, shapes, sizes

LAYERS = [nn.LSTM, nn.GRU, nn.RNN]
CELLS = [nn.LSTMCell, nn.GRUCell, nn.RNNCell]


class Fed(nn.Module):
    """A recurrent layer whose states come in one by one."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any, *states: Any) -> Any:
        if not states:
            return self.layer(x)
        return self.layer(x, states if len(states) > 1 else states[0])


@st.composite
def cases(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(LAYERS))
    features, hidden, layers = draw(sizes(3)), draw(sizes(4)), draw(st.integers(1, 2))
    keywords = {"batch_first": draw(st.booleans()), "bidirectional": draw(st.booleans())}
    if kind is nn.LSTM and hidden > 1:
        keywords["proj_size"] = draw(st.integers(0, hidden - 1))
    shape = draw(shapes(most=4))
    if shape and draw(st.booleans()):
        shape = (*shape[:-1], features)
    rows = layers * (2 if keywords["bidirectional"] else 1)
    batch = shape[0 if keywords["batch_first"] else 1] if len(shape) == 3 else 2
    lead = (rows, batch) if len(shape) == 3 else (rows,)
    right = [(*lead, keywords.get("proj_size") or hidden), (*lead, hidden)]
    count = draw(st.sampled_from([0, 0, 1, 2]))
    if kind is nn.LSTM:
        count = draw(st.sampled_from([0, 2]))
    elif count == 2:
        count = 1
    states = [
        draw(st.one_of(st.just(r), st.just(r), shapes(most=3), st.just(r[::-1])))
        for r in right[:count]
    ]
    return (
        lambda: Fed(kind(features, hidden, layers, **keywords)),
        [(shape, FLOAT), *[(s, FLOAT) for s in states]],
    )


@SEARCH
@given(cases())
def test_layers(drawn: Any) -> None:
    agree(*drawn, rule="CL107")


@SEARCH
@given(st.sampled_from(LAYERS + CELLS), st.sampled_from(DTYPES), st.sampled_from(DTYPES[:6]))
def test_dtypes(kind: Any, dtype: Any, state: Any) -> None:
    shape: tuple[int, ...] = (2, 3) if kind in CELLS else (2, 2, 3)
    held: tuple[int, ...] = (2, 4) if kind in CELLS else (1, 2, 4)
    count = 2 if kind in (nn.LSTM, nn.LSTMCell) else 1
    agree(lambda: Fed(kind(3, 4)), [(shape, dtype)], rule="CL105")
    agree(lambda: Fed(kind(3, 4)), [(shape, FLOAT), *[(held, state)] * count], rule="CL105")


@SEARCH
@given(st.sampled_from(CELLS), shapes(most=3), sizes(3), sizes(4), st.integers(0, 1), st.data())
def test_cells(kind: Any, shape: Any, features: int, hidden: int, given: int, data: Any) -> None:
    if shape and data.draw(st.booleans()):
        shape = (*shape[:-1], features)
    count = (2 if kind is nn.LSTMCell else 1) * given
    right = (*shape[:-1], hidden)
    states = [(data.draw(st.just(right) | shapes(most=3)), FLOAT) for _ in range(count)]
    agree(lambda: Fed(kind(features, hidden)), [(shape, FLOAT), *states], rule="CL107")


@pytest.mark.parametrize("kind", LAYERS)
def test_wrong_number_of_states(kind: Any) -> None:
    state = ((1, 2, 4), FLOAT)
    wrong = [state] if kind is nn.LSTM else [state, state]
    agree(lambda: Fed(kind(3, 4)), [((5, 2, 3), FLOAT), *wrong], rule="CL107")


class Packed(nn.Module):
    def __init__(self, kind: Any, features: int, batch_first: bool) -> None:
        super().__init__()
        self.layer = kind(features, 4, batch_first=batch_first, bidirectional=True)
        self.head = nn.Linear(8, 2)
        self.first = batch_first

    def forward(self, x: Any, lengths: Any) -> Any:
        lengths = lengths + 2
        packed = pack_padded_sequence(x, lengths, self.first, enforce_sorted=False)
        out, states = self.layer(packed)
        padded, _ = pad_packed_sequence(out, self.first, total_length=6)
        return self.head(padded), states


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_packed(kind: Any, batch_first: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    shape = (3, 6, 5) if batch_first else (6, 3, 5)
    agree(lambda: Packed(kind, 5, batch_first), [(shape, FLOAT), ((3,), LONG)])
    _, errors = convlint_says(lambda: Packed(kind, 7, batch_first), [(shape, FLOAT), ((3,), LONG)])
    assert [e.code for e in errors] == ["CL107"]


@SEARCH
@given(
    st.lists(shapes(most=3), min_size=1, max_size=3),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
def test_padded_sequences(lengths: Any, features: int, alike: bool, batch_first: bool) -> None:
    found = [((len(s) + 1, features), FLOAT) if alike else (s, FLOAT) for s in lengths]
    agree(lambda: lambda *given: pad_sequence(given, batch_first), found)


def test_padded_sequences_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    agree(lambda: lambda *given: pad_sequence(given), [((5, 2), FLOAT), ((3, 2), FLOAT)])


class Normed(nn.Module):
    """weight_norm as it was spelt before there were parametrizations."""

    def __init__(self) -> None:
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.layer = weight_norm(nn.Conv1d(3, 4, 3))

    def forward(self, x: Any) -> Any:
        return self.layer(x).clone(), torch._weight_norm(x, x[:, :1, :1], 0)


def test_weight_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    agree(Normed, [((2, 3, 8), FLOAT)])


def test_answers_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    for kind in LAYERS:
        agree(lambda kind=kind: kind(3, 4), [((5, 2, 3), FLOAT)])
    for kind in CELLS:
        agree(lambda kind=kind: kind(3, 4), [((2, 3), FLOAT)])


def test_formats_that_are_not_floats() -> None:
    agree(lambda: nn.LSTM(3, 4).double(), [((5, 2, 3), torch.float64)])
