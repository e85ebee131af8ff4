"""Embeddings against torch."""

from typing import Any

import pytest
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.trace import mode
from tests.oracle import agree
from tests.shapes.images import no_torch
from tests.shapes.layers import DTYPES, FLOAT, LONG, SEARCH, calls, shapes, sizes

INDICES = [LONG, LONG, LONG, *DTYPES[-4:]]


@SEARCH
@given(shapes(), sizes(3), sizes(4), st.sampled_from(INDICES))
def test_module(shape: Any, rows: int, width: int, dtype: Any) -> None:
    agree(lambda: nn.Embedding(rows, width), [(shape, dtype)])


@SEARCH
@given(shapes(), shapes(most=3), st.integers(-5, 5) | st.none(), st.sampled_from(INDICES))
def test_function(shape: Any, weight: Any, padding: Any, dtype: Any) -> None:
    agree(calls(F.embedding, padding), [(shape, dtype), (weight, FLOAT)])


@SEARCH
@given(
    shapes(most=3),
    st.none() | shapes(most=2),
    st.sampled_from(["sum", "mean", "max", "x"]),
    st.booleans(),
    st.sampled_from(INDICES),
    st.data(),
)
def test_bag(shape: Any, offsets: Any, how: str, last: bool, dtype: Any, data: Any) -> None:
    if dtype is not LONG and len(shape) == 1:
        return  # offsets of another dtype are another story
    specs = [(shape, dtype)]
    if data.draw(st.booleans()):
        offsets = None if len(shape) == 2 else (1,) if len(shape) == 1 else offsets
    if offsets == (1,) and last:
        return  # torch crashes on no bag at all
    if offsets is not None:
        specs.append((offsets, LONG))
    agree(lambda: nn.EmbeddingBag(5, 4, mode=how, include_last_offset=last), specs)


@SEARCH
@given(
    shapes(2, 2, high=3), shapes(most=2, high=3), st.sampled_from(["sum", "mean"]), st.booleans()
)
def test_weighed_bag(shape: Any, other: Any, how: str, fits: bool) -> None:
    each = shape if fits else other
    call = lambda x, w, s: F.embedding_bag(x, w, mode=how, per_sample_weights=s)  # noqa: E731
    agree(lambda: call, [(shape, LONG), ((5, 4), FLOAT), (each, FLOAT)])


@SEARCH
@given(shapes(most=3), st.integers(-1, 4), st.sampled_from(INDICES))
def test_one_hot(shape: Any, classes: int, dtype: Any) -> None:
    if classes == -1:
        return  # the number of classes is in the data
    agree(calls(F.one_hot, classes), [(shape, dtype)])


def test_answers_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    agree(lambda: nn.Embedding(5, 4), [((2, 3), LONG)])
    agree(lambda: nn.EmbeddingBag(5, 4), [((2, 3), LONG)])
    agree(calls(F.embedding), [((2, 3), LONG), ((5, 4), FLOAT)])
    agree(calls(F.one_hot, 4), [((2, 3), LONG)])
