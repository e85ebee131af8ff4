"""What dropouts of whole channels drop of tensors of another rank, and when."""

from __future__ import annotations

import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import convlint
from tests.sampling import sampled
from tests.silent.page import networks


def zeros(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Where a network in training mode gives zero."""
    torch.manual_seed(1)
    network.train()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return network(x.abs() + 1) == 0


def test_dropout2d_drops_whole_frames_of_a_video() -> None:
    for code, axes, wrong in (("CL558", 3, True), ("CL558", 2, False)):
        for network, x in networks(code, wrong):
            dropped = zeros(network, x).flatten(5 - axes)
            assert torch.equal(dropped.any(-1), dropped.all(-1))  # all of a block, or nothing
            assert dropped.any()
            assert not dropped.all()
    (right, x), *_ = networks("CL558", wrong=False)
    frames = zeros(right, x).flatten(2)
    assert not torch.equal(frames.any(-1), frames.all(-1))  # channels of a frame, not the frame


DROPOUTS = {1: nn.Dropout1d, 2: nn.Dropout2d, 3: nn.Dropout3d}


@sampled(40)
@given(st.integers(1, 3), st.integers(2, 6))
def test_more_axes_than_it_takes(axes: int, rank: int) -> None:
    """It is told of if and only if torch drops blocks of more axes than the dropout's own."""
    if axes == 1 and rank > 3:
        return  # torch refuses
    x = torch.ones(*range(2, 2 + rank))
    network = nn.Sequential(DROPOUTS[axes](0.5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network(x)
    report = convlint.check(network, tuple(x.shape), select=["CL558"])
    assert any(d.code == "CL558" for d in report.diagnostics) == (rank > axes + 2)


@pytest.mark.parametrize(
    ("network", "sizes", "wrong"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Dropout3d()), (8, 3, 5, 5), True),
        (nn.Sequential(nn.Linear(6, 4), nn.Dropout1d()), (8, 6), True),
        (nn.Sequential(nn.Conv3d(3, 4, 1), nn.Dropout3d()), (3, 4, 5, 5), False),
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout2d()), (8, 3, 5, 5), False),
        (nn.Sequential(nn.Linear(6, 4), nn.Dropout()), (8, 6), False),
    ],
)
def test_a_batch_read_as_one_example(
    network: nn.Sequential, sizes: tuple[int, ...], wrong: bool
) -> None:
    torch.manual_seed(0)
    network.train()
    x = torch.ones(sizes)
    rows = torch.stack([(network[-1](torch.ones_like(network[:-1](x))) == 0) for _ in range(20)])
    rows = rows.flatten(2)
    whole = torch.equal(rows.any(-1), rows.all(-1))  # whole rows of axis 0, or nothing
    report = convlint.check(network, sizes, select=["CL558"])
    assert any(d.code == "CL558" for d in report.diagnostics) == wrong
    if wrong:
        assert whole
        assert rows.any()


def test_functional_dropout_drops_in_evaluation() -> None:
    for wrong in (True, False):
        for network, x in networks("CL559", wrong):
            network.eval()
            assert torch.equal(network(x), network(x)) != wrong
