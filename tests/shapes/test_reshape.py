"""view, reshape and their kin against torch, also behind transposes, slices and expansions."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import convlint.trace.mode
from tests.oracle import agree, convlint_says
from tests.sampling import sampled
from tests.shapes.views import (
    axes,
    chain,
    dtypes,
    filled,
    legal,
    movers,
    regrouped,
    shapes,
)


@sampled(75)
@given(shapes, movers, st.sampled_from(["view", "view", "reshape"]), st.booleans(), st.data())
def test_sizes(shape: Any, steps: Any, name: str, spread: bool, data: Any) -> None:
    kept, arriving = legal(shape, steps)
    asked = data.draw(regrouped(arriving))
    args = asked if spread and asked else (asked,)
    agree(chain(*kept, (name, args)), [(shape, torch.float32)])


@sampled(75)
@given(filled, movers, st.sampled_from(["view_as", "reshape_as"]), st.data())
def test_as_another(shape: Any, steps: Any, name: str, data: Any) -> None:
    kept, arriving = legal(shape, steps)
    asked = tuple(abs(n) for n in data.draw(regrouped(arriving)))
    before = chain(*kept)()
    agree(
        lambda: lambda x, y: getattr(before(x), name)(y),
        [(shape, torch.float32), (asked, torch.float32)],
    )


@sampled(75)
@given(shapes, movers, dtypes, st.data())
def test_one_call(shape: Any, steps: Any, dtype: Any, data: Any) -> None:
    """Every other method of the family, legal or not, behind a few moves."""
    kept, _ = legal(shape, steps)
    parts = st.lists(st.sampled_from([-1, 1, 2, 3, 4]), min_size=0, max_size=3).map(tuple)
    step = data.draw(
        st.one_of(
            st.tuples(st.just("flatten"), st.tuples(axes, axes) | st.tuples(axes) | st.just(())),
            st.tuples(st.just("unflatten"), st.tuples(axes, parts)),
            st.tuples(st.just("squeeze"), st.tuples(axes) | st.just(())
                      | st.tuples(st.tuples(axes, axes))),
            st.tuples(st.just("unsqueeze"), st.tuples(axes)),
            st.sampled_from([("ravel", ()), ("contiguous", ()), ("clone", ()), ("detach", ()),
                             ("squeeze_", (0,)), ("unsqueeze_", (-1,))]),
            st.tuples(st.just("view"), st.tuples(st.sampled_from(
                [torch.int64, torch.int32, torch.int16, torch.float64]))),
        )
    )  # fmt: skip
    agree(chain(*kept, step), [(shape, dtype)])


@sampled(75)
@given(shapes, movers, axes, axes, st.booleans())
def test_modules(shape: Any, steps: Any, start: int, end: int, split: bool) -> None:
    kept, _ = legal(shape, steps)
    sizes = (2, 3) if split else (-1, 2)
    module = nn.Unflatten(start, sizes) if split else nn.Flatten(start, end)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = module

        def forward(self, x: Any) -> Any:
            return self.last(chain(*kept)()(x))

    agree(Net, [(shape, torch.float32)])


@sampled(75)
@given(shapes, movers)
def test_strides_of_a_chain(shape: Any, steps: Any) -> None:
    """What the chain itself says of shape and strides, and that a flat view is judged by them."""
    kept, _ = legal(shape, steps)
    agree(chain(*kept), [(shape, torch.float32)])
    agree(chain(*kept, ("view", (-1,))), [(shape, torch.float32)])


@pytest.mark.parametrize(
    ("shape", "asked", "made"),
    [
        ((2, 16, 224, 224), (-1, 1, 80, 80), (32, 1, 224, 224)),
        ((1, 16, 13, 13), (-1, 400), (1, 2704)),
        ((16, 32, 7, 7), (65, -1), (16, 1568)),
        ((8, 1, 28, 28), (20, 784), (8, 784)),
        ((4, 8192), (-1, 128, 7, 7), (4, 128, 8, 8)),
        ((2, 50, 512), (2, 50, 8, 63), (2, 50, 8, 64)),
        ((4, 3, 32, 32), (4, 3, 28, 28), (4, 3, 32, 32)),
    ],
)
def test_stale_numbers_give_way(shape: Any, asked: Any, made: Any) -> None:
    network, errors = convlint_says(lambda: lambda x: x.view(asked), [(shape, torch.float32)])
    assert network.outputs.shape == made
    assert [e.code for e in errors] == ["CL401"]


def test_a_folded_batch_is_unfolded_again() -> None:
    def make() -> Any:
        return _Folding(nn.Conv2d(1, 16, 3, stride=4))

    network, errors = convlint_says(make, [((2, 16, 40, 40), torch.float32)])
    assert network.outputs.shape == (2, 16, 1600)
    assert [e.code for e in errors] == ["CL401"]


class _Folding(nn.Module):
    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Any) -> Any:
        maps = self.conv(x.view(-1, 1, 40, 40))
        return maps.view(-1, 16, 257)


@sampled(75)
@given(filled, st.data())
def test_repaired_sizes_fit(shape: Any, data: Any) -> None:
    """Whatever was asked for: the sizes answered hold the elements that arrive, or are unknown."""
    asked = data.draw(st.lists(st.sampled_from([-1, 1, 2, 3, 5, 7, 16]), min_size=1, max_size=4))
    network, _ = convlint_says(lambda: lambda x: x.reshape(asked), [(shape, torch.float32)])
    made = network.outputs
    if made.shape is not None and made.known:
        assert len(made.shape) == len(asked)
        assert made.numel == torch.zeros(shape).numel()


def test_torch_is_not_asked() -> None:
    calls = [
        lambda x: x.view(4, -1), lambda x: x.reshape(-1), lambda x: x.flatten(1),
        lambda x: x.unflatten(2, (2, 3)), lambda x: x.squeeze(), lambda x: x.unsqueeze(0),
        lambda x: x.ravel(), lambda x: x.contiguous(), lambda x: x.clone(), lambda x: x.detach(),
        lambda x: x.data, lambda x: x.view_as(x), lambda x: torch.reshape(x, (2, -1)),
        lambda x: x.view(torch.int32), lambda x: torch.unflatten(x, 0, (2, 2)),
        lambda x: torch.flatten(x, 1), lambda x: x.requires_grad_(False),
    ]  # fmt: skip
    with patch.object(convlint.trace.mode, "ask", side_effect=AssertionError):
        for call in calls:
            agree(lambda call=call: call, [((4, 5, 6), torch.float32)])
