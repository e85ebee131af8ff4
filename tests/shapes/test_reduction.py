"""Reductions, sorts, running sums and distances against torch."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from tests.oracle import convlint_says
from tests.shapes.operands import SEARCH, WIDE, Operand, agree, mates, operands

REDUCTIONS = [
    "sum", "nansum", "mean", "nanmean", "prod", "amax", "amin", "std", "var", "std_mean",
    "var_mean", "all", "any", "count_nonzero", "argmax", "argmin", "max", "min", "median",
    "nanmedian", "mode", "aminmax", "norm", "logsumexp",
]  # fmt: skip
RUNNING = ["cumsum", "cumprod", "cummax", "cummin", "logcumsumexp", "sort", "argsort"]
DTYPES = [*WIDE, torch.float32, torch.float32, torch.float32]

dims = st.integers(-3, 3)
several = st.lists(dims, max_size=3).map(tuple)


@SEARCH
@given(st.sampled_from(REDUCTIONS), operands(DTYPES))
def test_of_all(name: str, x: Operand) -> None:
    agree(getattr(torch, name), [x])


@SEARCH
@given(st.sampled_from(["_is_all_true", "_is_any_true"]), operands([torch.bool, *DTYPES]))
def test_checks_of_values(name: str, x: Operand) -> None:
    agree(getattr(torch, name), [x])
    agree(lambda t: getattr(t > 0, name)(), [x])


@SEARCH
@given(st.sampled_from(REDUCTIONS), operands(DTYPES), dims, st.booleans(), st.booleans())
def test_along_one(name: str, x: Operand, dim: int, keep: bool, keywords: bool) -> None:
    function = getattr(torch, name)
    if keywords:
        agree(lambda t: function(t, dim=dim, keepdim=keep), [x])
    elif name != "norm":
        agree(lambda t: function(t, dim), [x])


@SEARCH
@given(st.sampled_from(REDUCTIONS), operands(DTYPES), several, st.booleans())
def test_along_several(name: str, x: Operand, dim: Any, keep: bool) -> None:
    assume(dim or name != "logsumexp")  # torch forgets its result's shape
    agree(lambda t: getattr(torch, name)(t, dim=dim, keepdim=keep), [x])


@SEARCH
@given(st.sampled_from(REDUCTIONS), st.permutations([0, 2, 3]), st.booleans(), dims)
def test_of_nothing(name: str, shape: Any, everything: bool, dim: int) -> None:
    """An axis of size 0 has a sum, but no largest."""
    function = getattr(torch, name)
    x = Operand(tuple(shape), torch.float32, (0, 1, 2))
    assume(not everything or name != "logsumexp")
    agree(function if everything else lambda t: function(t, dim=dim), [x])


@SEARCH
@given(st.sampled_from(["amax", "amin", "sum"]), st.permutations([0, 2, 3]), several)
def test_of_nothing_along_several(name: str, shape: Any, dim: Any) -> None:
    x = Operand(tuple(shape), torch.float32, (0, 1, 2))
    agree(lambda t: getattr(torch, name)(t, dim), [x])


@SEARCH
@given(st.sampled_from(RUNNING), operands(DTYPES), dims)
def test_running(name: str, x: Operand, dim: int) -> None:
    agree(lambda t: getattr(torch, name)(t, dim=dim), [x])


@SEARCH
@given(st.sampled_from(["topk", "kthvalue"]), operands(DTYPES), st.integers(0, 4), dims)
def test_selecting(name: str, x: Operand, k: int, dim: int) -> None:
    agree(lambda t: getattr(t, name)(k, dim=dim), [x])


@SEARCH
@given(operands([torch.float32]), st.integers(1, 5))
def test_too_many_are_told(x: Operand, k: int) -> None:
    agree(lambda t: t.topk(k), [x], rule="CL313")


@SEARCH
@given(operands([torch.float32]), several)
def test_missing_dimensions_are_told(x: Operand, dim: Any) -> None:
    agree(lambda t: t.sum(dim), [x], rule="CL310")


OTHERS = {
    "vector_norm": lambda x, d: torch.linalg.vector_norm(x, dim=d),
    "matrix_norm": lambda x, d: torch.linalg.matrix_norm(x, keepdim=d > 0),
    "linalg_norm": lambda x, d: torch.linalg.norm(x, dim=d),
    "ord": lambda x, d: torch.linalg.norm(x, ord=2),
    "Tensor.norm": lambda x, d: x.norm(2, d),
    "p": lambda x, d: x.norm(p=1),
    "quantile": lambda x, d: x.quantile(0.5, dim=d),
    "biased": lambda x, d: x.std(False),
    "positional": lambda x, d: x.std(d, False, True),
    "correction": lambda x, d: x.var(dim=d, correction=0),
    "dtype": lambda x, d: x.sum(d, dtype=torch.float64),
    "mean dtype": lambda x, d: x.mean(dtype=torch.float32),
    "two": lambda x, d: torch.max(x, x),
    "diff": lambda x, d: x.diff(dim=d),
    "trapezoid": lambda x, d: torch.trapezoid(x, dim=d),
    "cumulative": lambda x, d: torch.cumulative_trapezoid(x, dim=d),
    "cov": lambda x, d: torch.cov(x),
    "renorm": lambda x, d: x.renorm(2, d, 1.0),
    "empty": lambda x, d: x.sum(()),
    "argmax": lambda x, d: x.argmax(keepdim=True),
    "keepdim": lambda x, d: x.sum(d, 1),
    "histc": lambda x, d: torch.histc(x, 10),
}


@SEARCH
@given(st.sampled_from(sorted(OTHERS)), operands(DTYPES), dims)
def test_other_forms(name: str, x: Operand, dim: int) -> None:
    agree(lambda t: OTHERS[name](t, dim), [x])


PAIRS = {
    "dist": torch.dist,
    "cdist": torch.cdist,
    "cosine": nn.functional.cosine_similarity,
    "pairwise": nn.functional.pairwise_distance,
    "CosineSimilarity": nn.CosineSimilarity(dim=-1),
    "PairwiseDistance": nn.PairwiseDistance(keepdim=True),
    "searchsorted": torch.searchsorted,
}


@SEARCH
@given(st.sampled_from(sorted(PAIRS)), st.data())
def test_pairs(name: str, data: Any) -> None:
    dtypes = [torch.float32, torch.float32, torch.int64, torch.bool]
    x = data.draw(operands(dtypes))
    agree(PAIRS[name], [x, data.draw(mates(x, dtypes))])


def test_answered_without_torch() -> None:
    def call(x: Any) -> Any:
        values, indices = x.max(dim=1)
        top = torch.topk(x, 2, dim=-1)
        return x.mean((2, 3)), values, indices, top.values, x.sum(), x.var(1), x.norm(dim=1)

    with patch("convlint.trace.mode.ask", side_effect=AssertionError("torch was asked")):
        network, errors = convlint_says(lambda: call, [((2, 3, 4, 5), torch.float32)])
    assert not errors
    assert [o.shape for o in network.outputs] == [
        o.shape for o in (*call(torch.zeros(2, 3, 4, 5)),)
    ]
