"""Receptive fields are what torch's own output depends on.

The networks have positive weights and no bias, so position `i` of the output is other than zero
for an input that is one at `j` and zero elsewhere exactly where `i` reads `j`.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint import shapes
from convlint.advice.reach import LOST, Reach
from convlint.advice.receptive import operators, reaches
from convlint.advice.receptive.follower import follows
from convlint.arithmetic.field import Field, apart, hull
from convlint.network import Network
from convlint.tensor import TensorSpec
from convlint.trace import trace
from tests.sampling import sampled
from tests.silent.networks import Step, ones, read

LENGTH = 220


def traced(module: nn.Module, *shape: int) -> tuple[Network, Reach | None]:
    """A network, and what is known of its output."""
    network = trace(module, [TensorSpec(shape, torch.float32)])
    return network, reaches(network)[network.outputs.source.name]


def field_of(module: nn.Module) -> Field:
    """What convlint says of the output of a network over one axis."""
    _, reach = traced(module, 1, 1, LENGTH)
    assert reach is not None
    field = reach.fields[2]
    assert field is not None
    assert field != LOST
    return field


@st.composite
def windows(draw: Any) -> nn.Module:
    """A layer that neither repeats positions nor mixes all of them."""
    kind = draw(st.sampled_from(["conv", "max", "avg", "pad", "crop", "add", "cat", "adaptive"]))
    k = draw(st.integers(1, 4))
    s = draw(st.sampled_from([1, 1, 1, 2, 3]))
    if kind == "conv":
        p, d = draw(st.integers(0, 3)), draw(st.integers(1, 3))
        return ones(nn.Conv1d(1, 1, k, s, p, d, bias=False))  # type: ignore[no-any-return]
    if kind == "max":
        return nn.MaxPool1d(k, s, draw(st.integers(0, k // 2)), draw(st.integers(1, 2)))
    if kind == "avg":
        return nn.AvgPool1d(k, s, draw(st.integers(0, k // 2)))
    if kind == "pad":
        before, after = draw(st.integers(-2, 3)), draw(st.integers(-2, 3))
        return Step(lambda x: F.pad(x, (before, after)), f"pad {before}, {after}")
    if kind == "crop":
        start, stop = draw(st.integers(0, 3)), draw(st.integers(1, 3))
        return Step(lambda x: x[..., start:-stop:s], f"crop {start}, {stop}, {s}")
    if kind == "adaptive":
        return Step(
            lambda x: F.adaptive_avg_pool1d(x[..., : x.shape[-1] // s * s], x.shape[-1] // s),
            f"adaptive /{s}",
        )
    one = ones(nn.Conv1d(1, 1, 3, 1, 1, bias=False))
    other = ones(nn.Conv1d(1, 1, 5, 1, 2 + k % 2, bias=False))
    more = nn.Conv1d(2, 1, 1, bias=False)
    if kind == "add":
        return Step(lambda x: one(x) + other(x)[..., : x.shape[-1]], "add")
    return nn.Sequential(
        Step(lambda x: torch.cat([one(x), other(x)[..., : x.shape[-1]]], 1), "cat"), ones(more)
    )


@sampled(30)
@given(st.lists(windows(), min_size=1, max_size=5).map(lambda steps: nn.Sequential(*steps)))
def test_fields_of_windows_are_exact(net: nn.Module) -> None:
    field = field_of(net)
    assert field.exact
    inner, margin = 0, field.size + 15 * field.jump  # what five layers can pad or crop
    for i, found in enumerate(read(net, LENGTH)):
        first, last = int(field.jump * i + field.first), int(field.jump * i + field.last)
        assert all(first <= j <= last for j in found)
        if first >= margin and last < LENGTH - margin:
            assert (found[0], found[-1]) == (first, last)
            inner += 1
    assert inner or margin * 2 + field.size + field.jump > LENGTH


UPSAMPLINGS = {
    "nearest": lambda x: F.interpolate(x, scale_factor=3),
    "nearest exact": lambda x: F.interpolate(x, scale_factor=2, mode="nearest-exact"),
    "nearest exact 5/2": lambda x: F.interpolate(x, size=550, mode="nearest-exact"),
    "nearest 3/2": lambda x: F.interpolate(x, size=330),
    "nearest 2/5": lambda x: F.interpolate(x, size=88),
    "linear": lambda x: F.interpolate(x, scale_factor=2, mode="linear"),
    "linear 3": lambda x: F.interpolate(x, scale_factor=3, mode="linear"),
    "linear 3/2": lambda x: F.interpolate(x, size=330, mode="linear"),
    "linear 1/4": lambda x: F.interpolate(x, size=55, mode="linear"),
    "linear, corners": lambda x: F.interpolate(x, size=439, mode="linear", align_corners=True),
    "area": lambda x: F.interpolate(x, size=88, mode="area"),
    "adaptive": lambda x: F.adaptive_avg_pool1d(x, 75),
    "adaptive up": lambda x: F.adaptive_avg_pool1d(x, 330),
    "transposed": ones(nn.ConvTranspose1d(1, 1, 4, 2, 1, bias=False)),
    "transposed 3": ones(nn.ConvTranspose1d(1, 1, 3, 2, 1, 1, bias=False)),
    "transposed 5/3": ones(nn.ConvTranspose1d(1, 1, 5, 3, 0, bias=False)),
    "transposed 7, stride 1": ones(nn.ConvTranspose1d(1, 1, 7, 1, 2, bias=False, dilation=2)),
}


@pytest.mark.parametrize("name", UPSAMPLINGS)
def test_fields_of_upsampled_maps_are_the_tightest_lines(name: str) -> None:
    net = Step(UPSAMPLINGS[name], name)
    field, found = field_of(net), read(net, LENGTH)
    assert field.exact == (name == "transposed 7, stride 1")
    away = range(20, len(found) - 20)
    assert min(found[i][0] - field.jump * i for i in away) == field.first
    assert max(found[i][-1] - field.jump * i for i in away) == field.last


@sampled(20)
@given(st.lists(st.sampled_from(sorted(UPSAMPLINGS)).map(lambda n: Step(UPSAMPLINGS[n], n))
                | windows(), min_size=2, max_size=4).map(lambda s: nn.Sequential(*s)))  # fmt: skip
def test_nothing_outside_the_field_is_read(net: nn.Module) -> None:
    _, reach = traced(net, 1, 1, LENGTH)
    assert reach is not None
    field = reach.fields[2]
    assert field is not None
    if field == LOST:
        return
    for i, found in enumerate(read(net, LENGTH)):
        assert all(field.jump * i + field.first <= j <= field.jump * i + field.last for j in found)


def test_images_are_followed_along_both_axes_and_through_permutes() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 8, (3, 5), (2, 1), (1, 2))
            self.norm = nn.LayerNorm(8)
            self.mlp = nn.Linear(8, 8)
            self.conv = nn.Conv2d(8, 8, 3, padding=1, groups=8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.mlp(self.norm(self.stem(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
            gate: torch.Tensor = torch.sigmoid(y.mean((2, 3), keepdim=True))
            return self.conv(y) * gate + y

    _, reach = traced(Net(), 1, 3, 64, 48)
    assert reach is not None
    assert reach.fields == (None, None, Field(-3, 3, 2), Field(-3, 3, 1))
    assert [o and (o.axis, o.size) for o in reach.origins] == [None, None, (2, 64), (3, 48)]
    assert reach.mixed  # by the gate


@pytest.mark.parametrize(
    "lose",
    [
        lambda x: x.flatten(2).transpose(1, 2).reshape(1, 8, 4, 16),
        lambda x: torch.roll(x, 1, 3),
        lambda x: x + x.transpose(2, 3),
        lambda x: x @ x,
        lambda x: torch.cat([x, x], 3),
    ],
)
def test_what_cannot_be_told_is_lost(lose: Any) -> None:
    _, reach = traced(nn.Sequential(nn.Conv2d(8, 8, 1), Step(lose, "")), 1, 8, 8, 8)
    assert reach is not None
    assert reach.fields[3] == LOST


@pytest.mark.parametrize(
    ("pool", "mixed"),
    [
        (lambda x: x.mean((2, 3)), True),
        (lambda x: F.adaptive_max_pool2d(x, 1), True),
        (lambda x: F.avg_pool2d(x, 8), True),
        (lambda x: F.linear(x.flatten(1), torch.ones(5, 512)), True),
        (lambda x: F.max_pool2d(x, 4), False),
        (lambda x: x[..., :1, :1].mean((2, 3)), False),
    ],
)
def test_global_pools_mix(pool: Any, mixed: bool) -> None:
    _, reach = traced(nn.Sequential(nn.Conv2d(8, 8, 1), Step(pool, "")), 1, 8, 8, 8)
    assert reach is not None
    assert reach.mixed is mixed
    assert reach.spatial is (not mixed and len(reach.fields) == 4)


def test_every_follower_is_for_an_operator_that_there_is() -> None:
    there = {one.name for one in shapes.operators()}
    assert operators() - there == {"input", "parameter", "buffer", "constant"}


def test_an_operator_has_one_follower() -> None:
    with pytest.raises(ValueError, match="conv2d has two followers"):
        follows("conv2d")(lambda layer, found: None)


fractions = st.builds(Fraction, st.integers(-20, 20), st.sampled_from([1, 2, 4]))


@st.composite
def lines(draw: Any) -> Field:
    first = draw(fractions)
    return Field(first, first + abs(draw(fractions)), draw(st.sampled_from([1, 2, Fraction(3, 2)])))


@sampled(40)
@given(lines(), lines(), st.integers(1, 9))
def test_hull_and_distance_of_two_lines(one: Field, other: Field, count: int) -> None:
    both = hull(one, other, count)
    for line in (one, other):
        for i in range(count):
            assert both.jump * i + both.first <= line.jump * i + line.first
            assert both.jump * i + both.last >= line.jump * i + line.last
    centres = [abs(other.jump * i + other.centre - one.jump * i - one.centre) for i in range(count)]
    assert abs(apart(one, other, count)) == max(centres)
    assert math.isclose(float(both.size), float(both.last - both.first + 1))
