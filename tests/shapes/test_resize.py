"""Interpolation, shuffles, blocks and sampling against torch."""

from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.trace import mode
from tests.oracle import agree, convlint_says, torch_says
from tests.sampling import sampled
from tests.shapes.images import FLOAT, identity, images, no_torch, per_axis

MODES = ["nearest", "nearest-exact", "area", "linear", "bilinear", "bicubic", "trilinear"]


@given(st.data())
@sampled(250)
@pytest.mark.parametrize("functional", [False, True])
def test_interpolate(functional: bool, data: st.DataObject) -> None:
    axes = data.draw(st.integers(1, 3))
    fitting = ["nearest", "area", ["linear", "bilinear", "trilinear"][axes - 1]]
    how = data.draw(st.one_of(st.sampled_from(fitting), st.sampled_from(MODES)))
    arguments: dict[str, Any] = {"mode": how}
    factor = st.sampled_from([1, 2, 2.0, 0.5, 1.5, 0.3, 0.1, 3.7])
    count = data.draw(st.sampled_from([axes, axes, axes, axes + 1]))
    if data.draw(st.booleans()):
        arguments["scale_factor"] = data.draw(st.one_of(factor, st.tuples(*[factor] * count)))
        arguments["recompute_scale_factor"] = data.draw(st.sampled_from([None, True, False]))
    else:
        side = st.integers(0 if functional else 1, 7)
        arguments["size"] = data.draw(st.one_of(side, st.tuples(*[side] * count)))
    arguments["align_corners"] = data.draw(st.sampled_from([None, None, None, True, False]))
    if functional:
        arguments["antialias"] = data.draw(st.sampled_from([False, False, True]))
    shape = (2, 3, *data.draw(st.tuples(*[st.integers(1, 6)] * axes)))
    shape = data.draw(st.sampled_from([shape, shape, shape, shape[1:], (2, *shape)]))
    agree(
        (lambda: lambda x: F.interpolate(x, **arguments))
        if functional
        else lambda: nn.Upsample(**arguments),
        [(shape, FLOAT)],
    )


@given(st.data())
@sampled(100)
@pytest.mark.parametrize("name", ["pixel_shuffle", "pixel_unshuffle", "channel_shuffle"])
@pytest.mark.parametrize("functional", [False, True])
def test_shuffles(name: str, functional: bool, data: st.DataObject) -> None:
    factor = data.draw(st.integers(-1 if functional else 1, 3))
    side = st.sampled_from([1, 2, 3, 4, 6, 8, 9, 18])
    shape = data.draw(st.lists(side, min_size=1, max_size=5))
    module = getattr(nn, name.title().replace("_", ""))
    agree(
        (lambda: lambda x: getattr(F, name)(x, factor)) if functional else lambda: module(factor),
        [(shape, FLOAT)],
    )


@given(st.data())
@sampled(150)
@pytest.mark.parametrize("functional", [False, True])
def test_unfold(functional: bool, data: st.DataObject) -> None:
    arguments = {
        "kernel_size": data.draw(per_axis(2, 1, 4)),
        "dilation": data.draw(per_axis(2, 1, 2)),
        "padding": data.draw(per_axis(2, 0, 2)),
        "stride": data.draw(per_axis(2, 1, 3)),
    }
    agree(
        (lambda: lambda x: F.unfold(x, **arguments))
        if functional
        else lambda: nn.Unfold(**arguments),
        [(data.draw(images(2, largest=6)), FLOAT)],
    )


@given(st.data())
@sampled(150)
@pytest.mark.parametrize("functional", [False, True])
def test_fold(functional: bool, data: st.DataObject) -> None:
    one = st.integers(1, 3)
    kernel, stride = data.draw(st.tuples(one, one)), data.draw(st.tuples(one, one))
    dilation, padding = data.draw(st.tuples(one, one)), data.draw(st.sampled_from([0, 1]))
    size = data.draw(st.tuples(st.integers(1, 8), st.integers(1, 8)))
    blocks = [
        (n + 2 * padding - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(size, kernel, stride, dilation, strict=True)
    ]
    length = max(1, blocks[0] * blocks[1] + data.draw(st.sampled_from([0, 0, 0, 1])))
    columns = 2 * kernel[0] * kernel[1] + data.draw(st.sampled_from([0, 0, 0, 1]))
    shape: tuple[int, ...] = (columns, length)
    shape = data.draw(st.sampled_from([shape, (2, *shape), (2, *shape), (1, 2, *shape)]))
    arguments = (size, kernel, dilation, padding, stride)
    agree(
        (lambda: lambda x: F.fold(x, *arguments)) if functional else lambda: nn.Fold(*arguments),
        [(shape, FLOAT)],
    )


@given(st.data())
@sampled(150)
def test_grid_sample(data: st.DataObject) -> None:
    axes = data.draw(st.sampled_from([2, 3]))
    shape = data.draw(images(axes, largest=4))
    batch = data.draw(st.sampled_from([shape[0], shape[0], 1]))
    last = data.draw(st.sampled_from([axes, axes, axes, 2, 3]))
    grid = (batch, *data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)), last)
    how = data.draw(st.sampled_from(["bilinear", "nearest", "bicubic", "linear"]))
    border = data.draw(st.sampled_from(["zeros", "border", "reflection", "circular"]))
    agree(
        lambda: lambda x, g: F.grid_sample(x, g, how, border, align_corners=False),
        [(shape, FLOAT), (grid, FLOAT)],
    )


@given(
    theta=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    axes=st.integers(1, 4),
    right=st.booleans(),
    size=st.lists(st.integers(0, 4), min_size=6, max_size=6),
)
@sampled(150)
def test_affine_grid(theta: list[int], axes: int, right: bool, size: list[int]) -> None:
    wanted = size[: axes + 2]
    shape = [wanted[0], axes, axes + 1] if right else theta
    agree(lambda: lambda t: F.affine_grid(t, wanted, align_corners=False), [(shape, FLOAT)])


def test_answers_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mode, "ask", no_torch)
    for call in (
        lambda x: F.upsample(x, scale_factor=2),
        lambda x: F.upsample_nearest(x, scale_factor=2),
        lambda x: F.upsample_bilinear(x, size=(5, 6)),
        lambda x: torch.pixel_shuffle(x, upscale_factor=2),
        lambda x: F.pixel_unshuffle(x, 2),
        lambda x: torch.channel_shuffle(x, 2),
        lambda x: F.fold(F.unfold(x, 2, stride=2), (8, 8), 2, stride=2),
        lambda x: F.interpolate(x, size=x.shape[-1]),
        lambda x: F.interpolate(x, size=(x.shape[-1], 5)),
        lambda x: F.affine_grid(torch.ones(2, 2, 3), x.size(), align_corners=True),
    ):
        agree(partial(identity, call), [((2, 4, 8, 8), FLOAT)])
    agree(lambda: F.grid_sample, [((2, 4, 8, 8), FLOAT), ((2, 3, 5, 2), FLOAT)])
    agree(lambda: nn.UpsamplingBilinear2d(scale_factor=2), [((2, 4, 8, 8), FLOAT)])


_IN = [
    lambda x, n: F.interpolate(x, size=n), lambda x, n: F.interpolate(x, size=(n, 5)),
    lambda x, n: x.view(8, n, -1), lambda x, n: x[:, :1].expand(2, n, 8, 8),
]  # fmt: skip


@pytest.mark.parametrize("call", [*_IN, lambda x, n: x.narrow(2, n, 2)])
@pytest.mark.parametrize(
    "number",
    [torch.tensor([3, 3]), torch.tensor(3.0), torch.rand(1), torch.tensor(True)],
)
def test_not_every_tensor_is_a_size(call: Any, number: torch.Tensor) -> None:
    assert isinstance(
        torch_says(lambda: lambda x: call(x, number), [((2, 4, 8, 8), FLOAT)], False), Exception
    )
    agree(lambda: lambda x: call(x, number), [((2, 4, 8, 8), FLOAT)])


@pytest.mark.parametrize("call", _IN)
@pytest.mark.parametrize("number", [torch.tensor(4), torch.tensor([4])])
def test_a_size_may_lie_in_a_tensor(call: Any, number: torch.Tensor) -> None:
    _, errors = convlint_says(lambda: lambda x: call(x, number), [((2, 4, 8, 8), FLOAT)])
    assert not errors
