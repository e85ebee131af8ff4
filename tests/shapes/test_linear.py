"""Linear layers against torch."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations

from convlint.trace import mode
from tests.oracle import agree, convlint_says
from tests.shapes.images import no_torch
from tests.shapes.layers import DTYPES, FLOAT, SEARCH, calls, shapes, sizes, turned


@SEARCH
@given(shapes(), sizes(3, 4), sizes(2), st.booleans(), st.sampled_from(DTYPES))
def test_module(shape: Any, features: int, out: int, bias: bool, dtype: Any) -> None:
    agree(lambda: nn.Linear(features, out, bias=bias), [(shape, dtype)])


@SEARCH
@given(shapes(), shapes(most=3), st.none() | shapes(most=2), st.data())
def test_function(shape: Any, weight: Any, bias: Any, data: st.DataObject) -> None:
    # A bias that is no vector, over more than a matrix: what torch takes hangs on its path.
    assume(len(shape) < 3 or bias is None or (len(bias) == 1 and len(weight) != 1))
    if data.draw(st.booleans()) and shape and len(weight) > 1:
        weight = (*weight[:-1], shape[-1])
        bias = bias if bias is None else data.draw(st.sampled_from([bias, weight[:1]]))
    dtypes = [data.draw(st.sampled_from(DTYPES[:6])) for _ in range(3)]
    if data.draw(st.booleans()):
        dtypes = [dtypes[0]] * 3
    specs = [(s, d) for s, d in zip((shape, weight, bias), dtypes, strict=True) if s is not None]
    agree(calls(F.linear), specs)


@SEARCH
@given(st.permutations(range(3)), shapes(3, 3), st.booleans())
def test_result_is_contiguous(order: Any, shape: Any, bias: bool) -> None:
    last = shape[order[-1]]
    weights = [((5, last), FLOAT)] + [((5,), FLOAT)] * bias
    agree(turned(F.linear, tuple(order)), [(shape, FLOAT), *weights])


@SEARCH
@given(shapes(most=3, high=3), shapes(most=3, high=3), sizes(2), sizes(3), st.booleans(), st.data())
def test_bilinear(one: Any, two: Any, first: int, second: int, bias: bool, data: Any) -> None:
    if data.draw(st.booleans()) and one:
        two = (*one[:-1], second)
        one = (*one[:-1], first)
    dtype = data.draw(st.sampled_from(DTYPES))
    agree(lambda: nn.Bilinear(first, second, 4, bias=bias), [(one, dtype), (two, FLOAT)])


@SEARCH
@given(shapes(2, 4), sizes(2))
def test_lazy(shape: Any, out: int) -> None:
    agree(lambda: nn.LazyLinear(out), [(shape, FLOAT)])


def test_answers_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    agree(lambda: nn.Linear(3, 4), [((2, 3), FLOAT)])
    agree(lambda: parametrizations.weight_norm(nn.Linear(3, 4)), [((2, 3), FLOAT)])
    agree(lambda: nn.Identity(), [((2, 3), FLOAT)])
    agree(calls(F.linear), [((2, 3), FLOAT), ((4, 3), FLOAT)])
    agree(calls(F.bilinear), [((2, 3), FLOAT), ((2, 4), FLOAT), ((5, 3, 4), FLOAT)])
    agree(calls(torch.bilinear, bias=None), [((2, 3), FLOAT), ((2, 4), FLOAT), ((5, 3, 4), FLOAT)])


class Head(nn.Module):
    def __init__(self, flatten: Any, features: int) -> None:
        super().__init__()
        self.flatten = flatten
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.one = nn.Linear(features, 5)
        self.two = nn.Linear(5, 2)

    def forward(self, x: Any) -> Any:
        return self.two(self.one(self.flatten(self.conv(x))))


@pytest.mark.parametrize(
    ("flatten", "features", "shape", "out"),
    [
        (lambda x: x, 8 * 4 * 4, (2, 3, 4, 4), (2, 2)),
        (lambda x: x, 77, (2, 3, 4, 4), (2, 2)),
        (lambda x: x.flatten(1), 77, (2, 3, 4, 4), (2, 2)),
        (lambda x: x.view(4, -1), 8 * 4 * 4, (2, 3, 4, 4), (2, 2)),
        (nn.Flatten(), 8 * 4 * 4, (3, 4, 4), (1, 2)),
        (lambda x: x, 8, (2, 3, 4, 4), None),
    ],
)
def test_told_once_and_goes_on(flatten: Any, features: int, shape: Any, out: Any) -> None:
    network, errors = convlint_says(lambda: Head(flatten, features), [(shape, FLOAT)])
    assert [e.code for e in errors] == ["CL102"]
    assert network.outputs.shape == out
