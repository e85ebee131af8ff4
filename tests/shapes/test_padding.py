"""Padding against torch."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.dims import Unknown
from convlint.judge import judge
from convlint.trace import mode
from tests.oracle import agree, convlint_says
from tests.sampling import sampled
from tests.shapes.images import FLOAT, identity, images, no_torch

KINDS = ["ConstantPad", "ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad"]


def agree_or_garbage(make: Callable[[], Any], shape: Sequence[int], pad: Sequence[int]) -> None:
    """Wrapping what the other end has cut off is an error; some strides let torch do it."""
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad) - 1, 2)]
    for n, ends in zip(reversed(shape), pairs, strict=False):
        if min(ends) < 0 < max(ends) and max(ends) > n + min(ends):
            assert convlint_says(make, [(shape, FLOAT)])[1]
            return
    agree(make, [(shape, FLOAT)])


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    pad=st.lists(st.integers(-3, 4), max_size=9),
    how=st.sampled_from(["constant", "reflect", "replicate", "circular", "other"]),
    value=st.sampled_from([None, None, 0, 1.5]),
)
@sampled(300)
def test_function(shape: list[int], pad: list[int], how: str, value: Any) -> None:
    call = partial(identity, lambda x: F.pad(x, pad, how, value))
    if how == "circular" and len(pad) % 2 == 0 and len(shape) - len(pad) // 2 in (1, 2):
        agree_or_garbage(call, shape, pad)
    else:
        agree(call, [(shape, FLOAT)])


@given(st.data())
@sampled(75)
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_module(kind: str, axes: int, data: st.DataObject) -> None:
    module = getattr(nn, f"{kind}{axes}d")
    one = st.integers(-2, 4)
    padding = data.draw(st.one_of(one, st.tuples(*[one] * (2 * axes))))
    more = (0.5,) if kind == "ConstantPad" else ()
    shape = data.draw(images(axes, largest=5))
    if kind == "CircularPad":
        pad = [padding] * (2 * axes) if isinstance(padding, int) else padding
        agree_or_garbage(lambda: module(padding), shape, pad)
    else:
        agree(lambda: module(padding, *more), [(shape, FLOAT)])


@pytest.mark.parametrize("how", ["constant", "reflect", "replicate", "circular"])
def test_answers_without_torch(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    agree(lambda: lambda x: F.pad(x, [1, 2, 0, 1], mode=how), [((2, 3, 4, 4), FLOAT)])
    agree(lambda: lambda x: F.pad(input=x, pad=(x.size(2) - 4, 1)), [((2, 3, 4, 4), FLOAT)])


@pytest.mark.parametrize("how", ["constant", "reflect", "replicate", "circular"])
def test_a_number_that_lies_in_a_tensor_is_not_known(how: str) -> None:
    def padded(x: torch.Tensor) -> torch.Tensor:
        return F.pad(x, (1, x.amax().long()), mode=how)

    network, _ = convlint_says(lambda: padded, [((2, 3, 4), FLOAT)])
    *known, last = network.outputs.shape
    assert (*known, 5) == padded(torch.zeros(2, 3, 4)).shape
    assert isinstance(last, Unknown)
    assert not list(judge(network))  # a rule that fails says so
