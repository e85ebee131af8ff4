"""Padding against torch."""

from typing import Any

import pytest
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from convlint.trace import mode
from tests.oracle import agree
from tests.shapes.images import FLOAT, images, no_torch

KINDS = ["ConstantPad", "ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad"]


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    pad=st.lists(st.integers(-3, 4), max_size=9),
    how=st.sampled_from(["constant", "reflect", "replicate", "circular", "other"]),
    value=st.sampled_from([None, None, 0, 1.5]),
)
@settings(max_examples=600, deadline=None)
def test_function(shape: list[int], pad: list[int], how: str, value: Any) -> None:
    agree(lambda: lambda x: F.pad(x, pad, how, value), [(shape, FLOAT)])


@given(st.data())
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_module(kind: str, axes: int, data: st.DataObject) -> None:
    module = getattr(nn, f"{kind}{axes}d")
    one = st.integers(-2, 4)
    padding = data.draw(st.one_of(one, st.tuples(*[one] * (2 * axes))))
    more = (0.5,) if kind == "ConstantPad" else ()
    agree(lambda: module(padding, *more), [(data.draw(images(axes, largest=5)), FLOAT)])


@pytest.mark.parametrize("how", ["constant", "reflect", "replicate", "circular"])
def test_answers_without_torch(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    agree(lambda: lambda x: F.pad(x, [1, 2, 0, 1], mode=how), [((2, 3, 4, 4), FLOAT)])
    agree(lambda: lambda x: F.pad(input=x, pad=(x.size(2) - 4, 1)), [((2, 3, 4, 4), FLOAT)])
