"""Dead taps have a gradient of exactly zero, and changing them changes nothing."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.advice.taps import dead_share, smallest
from convlint.judge import judge
from convlint.network import Network
from convlint.tensor import TensorSpec
from convlint.trace import build, trace
from tests.sampling import sampled
from tests.silent.run import runs


def traced(make: type[nn.Module] | object, *shape: int) -> Network:
    return trace(build(make), [TensorSpec(shape, torch.float32)])  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["CL501", "CL502"])
def test_the_pages_examples(code: str) -> None:
    for run in runs(code):
        network = run.traced()
        told = {d.layer for d in judge(network, {code})}
        assert bool(told) == run.is_bad
        run.net(*run.inputs).square().sum().backward()
        for name, module in run.net.named_modules():
            if isinstance(module, nn.Conv2d) and any(k > 1 for k in module.kernel_size):
                dead = (module.weight.grad == 0).all(0).all(0)
                assert bool(dead.float().mean() >= 0.5) == (name in told), name


@sampled(40)
@given(
    st.integers(1, 7), st.integers(1, 7), st.sampled_from([1, 3, 5]), st.sampled_from([1, 3]),
    st.integers(1, 2), st.integers(1, 6), st.integers(0, 6), st.integers(0, 2), st.booleans(),
)  # fmt: skip
def test_the_number_of_live_taps(
    height: int, width: int, kernel_h: int, kernel_w: int, stride: int, dilation: int,
    padding: int, before: int, ready: bool,
) -> None:  # fmt: skip
    """Of a convolution behind a pad with zeros, or without one."""
    pad = before if ready else 0

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            kernel = (kernel_h, kernel_w)
            self.conv = nn.Conv2d(2, 2, kernel, stride, padding, dilation)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(F.pad(x, (pad, 0, pad, pad)) if ready else x)

    torch.manual_seed(0)
    net, image = Net(), torch.randn(1, 2, height, width)
    try:
        net(image).square().sum().backward()
    except RuntimeError:
        return  # the kernel does not fit
    assert net.conv.weight.grad is not None
    alive = int((net.conv.weight.grad != 0).any(0).any(0).sum())
    network = traced(Net, 1, 2, height, width)
    layer = next(one for one in network.layers if one.op == "conv2d")
    _, taps, told = dead_share(layer, network)
    assert taps == kernel_h * kernel_w
    assert told == alive


class Pyramid(nn.Module):
    """One head for a large and a small map: what is dead on one is alive on the other."""

    def __init__(self, shared: bool = True, functional: bool = False) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, 3, 3, padding=1)
        self.other = nn.Conv2d(3, 3, 3, padding=1)
        self.shared, self.functional = shared, functional

    def call(self, conv: nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
        if self.functional:
            return F.conv2d(x, conv.weight, conv.bias, padding=1)
        return conv(x)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        small = F.avg_pool2d(x, 8)
        second = self.head if self.shared else self.other
        return [self.call(self.head, small), self.call(second, x)]


@pytest.mark.parametrize("functional", [False, True])
def test_weights_that_are_shared_with_a_larger_map(functional: bool) -> None:
    for shared in (True, False):
        net = Pyramid(shared, functional)
        sum(out.sum() for out in net(torch.ones(1, 3, 8, 8))).backward()  # type: ignore[union-attr]
        assert net.head.weight.grad is not None
        dead = bool((net.head.weight.grad == 0).any())
        network = traced(lambda s=shared: Pyramid(s, functional), 1, 3, 8, 8)  # type: ignore[misc]
        assert dead is not shared
        assert bool(list(judge(network, {"CL502"}))) == dead


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_a_border_of_real_values_is_not_dead(mode: str) -> None:
    def make() -> nn.Module:
        return nn.Conv2d(2, 2, 3, padding=1, padding_mode=mode)

    small = 2 if mode == "reflect" else 1
    net = make()
    net(torch.randn(1, 2, small, small)).square().sum().backward()
    assert (net.weight.grad != 0).all()  # type: ignore[union-attr, operator]
    assert not list(judge(traced(make, 1, 2, small, small), {"CL501", "CL502"}))


@sampled(40)
@given(st.integers(1, 6), st.sampled_from([3, 5]), st.integers(1, 4), st.integers(1, 2))
def test_the_size_from_which_all_taps_meet(
    size: int, kernel: int, dilation: int, step: int
) -> None:
    def gradient(n: int) -> torch.Tensor:
        conv = nn.Conv1d(1, 1, kernel, step, dilation * (kernel // 2), dilation)
        conv(torch.ones(1, 1, n)).sum().backward()
        assert conv.weight.grad is not None
        return conv.weight.grad

    network = traced(
        lambda: nn.Conv1d(1, 1, kernel, step, dilation * (kernel // 2), dilation), 1, 1, size
    )
    layer = next(one for one in network.layers if one.op == "conv1d")
    found, _, _ = dead_share(layer, network)
    enough = smallest(found[0])
    assert enough is not None
    assert (gradient(enough) != 0).all()
    assert enough == size or (gradient(enough - 1) == 0).any()
