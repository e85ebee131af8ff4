"""Activations and dropouts against torch."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.trace import mode
from tests.oracle import agree
from tests.shapes.images import no_torch
from tests.shapes.layers import DTYPES, FLOAT, SEARCH, calls, shapes, sizes, turned

NAMES = [
    "relu", "relu6", "sigmoid", "tanh", "elu", "selu", "celu", "gelu", "silu", "mish",
    "leaky_relu", "hardtanh", "hardswish", "hardsigmoid", "softplus", "softsign", "tanhshrink",
    "softshrink", "hardshrink", "logsigmoid", "rrelu",
]  # fmt: skip
MODULES = [
    nn.ReLU, nn.ReLU6, nn.Sigmoid, nn.Tanh, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish,
    nn.LeakyReLU, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Softplus, nn.Softsign,
    nn.Tanhshrink, nn.Softshrink, nn.Hardshrink, nn.LogSigmoid, nn.RReLU, nn.Softmax2d,
]  # fmt: skip
METHODS = ["relu", "relu_", "sigmoid", "sigmoid_", "tanh", "tanh_", "hardshrink"]
DROPOUTS = ["dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout",
            "feature_alpha_dropout"]  # fmt: skip
COMPLEX = [*DTYPES, torch.complex64]
ALONG = ["softmax", "log_softmax", "softmin", "glu"]


@SEARCH
@given(st.sampled_from(NAMES), shapes(), st.sampled_from(COMPLEX))
def test_function(name: str, shape: Any, dtype: Any) -> None:
    agree(calls(getattr(F, name)), [(shape, dtype)])


@SEARCH
@given(st.sampled_from(METHODS), shapes(), st.sampled_from(DTYPES))
def test_method(name: str, shape: Any, dtype: Any) -> None:
    if name.endswith("_") and not dtype.is_floating_point:
        return
    agree(lambda: lambda x: getattr(x, name)(), [(shape, dtype)])


@SEARCH
@given(st.sampled_from(MODULES), shapes(), st.sampled_from(COMPLEX), st.booleans())
def test_module(kind: Any, shape: Any, dtype: Any, train: bool) -> None:
    if kind is nn.RReLU and train and dtype is torch.float16:
        return  # not on the CPU
    agree(lambda: kind(), [(shape, dtype)], training=train)


@SEARCH
@given(st.sampled_from(ALONG), shapes(), st.integers(-5, 5), st.sampled_from(COMPLEX))
def test_along_an_axis(name: str, shape: Any, dim: int, dtype: Any) -> None:
    agree(calls(getattr(F, name), dim=dim), [(shape, dtype)])
    module = {"softmax": nn.Softmax, "log_softmax": nn.LogSoftmax, "softmin": nn.Softmin}
    if name in module:
        agree(lambda: module[name](dim), [(shape, dtype)])
    else:
        agree(lambda: nn.GLU(dim), [(shape, dtype)])


@SEARCH
@given(st.sampled_from(["softmax", "log_softmax"]), shapes(), st.sampled_from(DTYPES[:6]))
def test_softmax_with_dtype(name: str, shape: Any, dtype: Any) -> None:
    agree(lambda: lambda x: getattr(x, name)(-1, dtype), [(shape, FLOAT)])
    agree(calls(getattr(F, name), -1, dtype=dtype), [(shape, torch.int64)])


@SEARCH
@given(shapes(), st.none() | sizes(1, 3), st.sampled_from(DTYPES))
def test_prelu(shape: Any, slopes: Any, dtype: Any) -> None:
    if slopes is None:
        agree(calls(F.prelu), [(shape, dtype), ((), FLOAT)])
    else:
        agree(lambda: nn.PReLU(slopes), [(shape, dtype)])


@SEARCH
@given(shapes(), st.sampled_from(COMPLEX), st.booleans())
def test_threshold_and_gumbel(shape: Any, dtype: Any, hard: bool) -> None:
    agree(calls(F.threshold, 0.1, 2), [(shape, dtype)])
    agree(lambda: nn.Threshold(0.1, 2), [(shape, dtype)])
    if shape:
        agree(calls(F.gumbel_softmax, hard=hard), [(shape, dtype)])


@SEARCH
@given(
    st.sampled_from(DROPOUTS),
    shapes(most=6, high=2),
    st.sampled_from([0.0, 0.5, 0.5, 1.5]),
    st.booleans(),
    st.sampled_from(DTYPES),
)
def test_dropout(name: str, shape: Any, p: float, train: bool, dtype: Any) -> None:
    agree(calls(getattr(F, name), p, train), [(shape, dtype)])


@SEARCH
@given(
    st.sampled_from(
        [
            nn.Dropout,
            nn.Dropout1d,
            nn.Dropout2d,
            nn.Dropout3d,
            nn.AlphaDropout,
            nn.FeatureAlphaDropout,
            nn.Identity,
        ]
    ),
    shapes(most=5),
    st.booleans(),
)
def test_dropout_module(kind: Any, shape: Any, train: bool) -> None:
    agree(lambda: kind(), [(shape, FLOAT)], training=train)


@SEARCH
@given(
    st.sampled_from([*NAMES, *ALONG, "dropout", "dropout2d", "gumbel_softmax"]),
    st.integers(2, 4).flatmap(lambda r: st.tuples(st.permutations(range(r)), shapes(r, r))),
)
def test_layout(name: str, drawn: Any) -> None:
    agree(turned(getattr(F, name), tuple(drawn[0])), [(drawn[1], FLOAT)])


IN_PLACE = [nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.CELU, nn.SELU, nn.SiLU, nn.Mish,
            nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.RReLU, nn.Dropout,
            nn.Dropout2d]  # fmt: skip


@SEARCH
@given(st.sampled_from(IN_PLACE), st.lists(st.sampled_from([1, 2, -1]), min_size=3, max_size=3),
       st.booleans())  # fmt: skip
def test_in_place_on_an_expanded_tensor(kind: Any, sizes: list[int], train: bool) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = kind(inplace=True)

        def forward(self, x: Any) -> Any:
            return self.layer(x.expand(sizes))

    agree(Net, [((1, 1, 1), FLOAT)], training=train)


@pytest.mark.parametrize("name", ["relu_", "sigmoid_", "tanh_", "copy_", "cumsum_", "fill_"])
@pytest.mark.parametrize("rows", [1, 3])
def test_methods_in_place_on_an_expanded_tensor(name: str, rows: int) -> None:
    arguments = {"copy_": (torch.ones(5),), "cumsum_": (0,), "fill_": (1.0,)}.get(name, ())
    agree(lambda: lambda x: getattr(x.expand(rows, -1), name)(*arguments), [((1, 5), FLOAT)])


def test_answers_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    spec = [((2, 3, 4, 4), FLOAT)]
    for name in (*NAMES, *DROPOUTS):
        if name != "dropout1d":
            agree(calls(getattr(F, name)), spec)
    for kind in MODULES:
        agree(lambda kind=kind: kind(), spec)
    for function in (torch.sigmoid, torch.tanh, torch.relu, torch.selu, torch.special.expit):
        agree(calls(function), spec)
    agree(calls(torch.softmax, -1), spec)
    agree(calls(torch.dropout, 0.5, True), spec)
    agree(lambda: nn.ReLU(inplace=True), spec)
