"""Biases that a norm takes away, pairs that are one linear map, channels that never meet."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import convlint
from tests.sampling import sampled
from tests.silent.page import networks


def told(network: nn.Module, x: torch.Tensor, code: str) -> bool:
    report = convlint.check(network, tuple(x.shape), select=[code])
    return any(d.code == code for d in report.diagnostics)


@sampled(30)
@given(
    st.sampled_from(["conv", "transposed", "linear", "row"]),
    st.sampled_from(["batch", "instance", "none"]),
    st.booleans(),
)
def test_a_bias_is_told_if_and_only_if_it_changes_nothing(kind: str, norm: str, bias: bool) -> None:
    flat = kind in ("linear", "row")
    if flat and norm == "instance":
        return
    torch.manual_seed(0)
    x = {"linear": torch.randn(8, 5), "row": torch.randn(8, 5, 6)}.get(
        kind, torch.randn(8, 5, 6, 6)
    )
    layer: nn.Module = {
        "conv": lambda: nn.Conv2d(5, 5, 3, bias=bias),
        "transposed": lambda: nn.ConvTranspose2d(5, 5, 3, bias=bias),
        "linear": lambda: nn.Linear(5, 5, bias=bias),
        "row": lambda: nn.Linear(6, 6, bias=bias),
    }[kind]()
    after: nn.Module = {
        "batch": nn.BatchNorm1d(5) if flat else nn.BatchNorm2d(5),
        "instance": nn.InstanceNorm2d(5),
        "none": nn.Tanh(),
    }[norm]
    network = nn.Sequential(layer, after)
    network.train()
    before = network(x)
    if bias:
        with torch.no_grad():
            layer.bias += torch.randn_like(layer.bias)
    unchanged = bias and torch.allclose(network(x), before, atol=1e-4)
    assert told(network, x, "CL555") == unchanged


def test_a_pair_is_linear() -> None:
    for wrong in (True, False):
        for network, x in networks("CL556", wrong):
            inner = nn.Sequential(network.conv1, network.conv2) if wrong else network
            y, zero = torch.randn_like(x), torch.zeros_like(x)
            added = inner(x + y) + inner(zero)
            assert torch.allclose(added, inner(x) + inner(y), atol=1e-4) == wrong


@sampled(20)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 6))
def test_a_pair_that_is_told_has_no_less_rank_than_one_convolution(
    before: int, behind: int, between: int
) -> None:
    """Where it squeezes the channels, the pair can do less than one convolution, on purpose."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(before, between, 1, bias=False),
        nn.Conv2d(between, behind, 1, bias=False),
        nn.ReLU(),  # a network without any activation is taken for a sketch
    )
    one, two = network[0].weight[:, :, 0, 0], network[1].weight[:, :, 0, 0]
    full = int(torch.linalg.matrix_rank(two @ one)) == min(before, behind)
    assert told(network, torch.randn(1, before, 4, 4), "CL556") == full


@sampled(40)
@given(st.sampled_from([1, 2, 3, 4, 6]), st.sampled_from([1, 2, 3, 4, 6]), st.booleans())
def test_groups_are_told_if_and_only_if_channels_never_meet(
    first: int, second: int, shuffled: bool
) -> None:
    torch.manual_seed(0)
    channels = 24
    shuffle = nn.ChannelShuffle(first) if shuffled and first > 1 else nn.Identity()
    network = nn.Sequential(
        nn.Conv2d(channels, channels, 1, groups=first),
        nn.Tanh(),
        shuffle,
        nn.Conv2d(channels, channels, 1, groups=second),
    )
    x = torch.randn(1, channels, 1, 1)
    jacobian = torch.autograd.functional.jacobian(network, x).reshape(channels, channels)
    linked = (jacobian != 0).float()
    # Two channels belong together where a path of inputs and outputs leads from one to the other.
    pairs = linked.T @ linked
    for _ in range(6):
        pairs = ((pairs @ pairs) > 0).float()
    parts = len({tuple(row.tolist()) for row in pairs})
    assert told(network, x, "CL557") == (parts > 1 and not isinstance(shuffle, nn.ChannelShuffle))
