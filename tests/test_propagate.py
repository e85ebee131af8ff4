"""The recorded graph answers for other sizes as a new trace does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

import convlint
from convlint.propagate import propagate
from convlint.tensor import TensorSpec
from convlint.trace import build, trace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
from unet import UNet


class Heads(nn.Module):
    """Sizes are read, computed with, and decide."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.project = nn.Linear(8, 24)

    def forward(self, x: torch.Tensor) -> Any:
        maps = self.mix(x)
        batch, channels, height, width = maps.shape
        tokens = maps.flatten(2).transpose(1, 2)
        if height * width > 100:
            tokens = tokens[:, :100]
        q, k, v = self.project(tokens).view(batch, -1, 3, 2, 4).permute(2, 0, 3, 1, 4)
        mixed = (q @ k.transpose(-2, -1)).softmax(-1) @ v
        zeros = torch.zeros(batch, height // 2, width * 2)
        return mixed.transpose(1, 2).reshape(batch, -1, channels), zeros


def specs(shape: tuple[int, ...]) -> TensorSpec:
    return TensorSpec(shape, torch.float32)


@pytest.mark.parametrize("net", [Heads, UNet])
@pytest.mark.parametrize("size", [(2, 3, 16, 16), (5, 3, 16, 24), (1, 3, 24, 8), (3, 3, 64, 64)])
def test_other_sizes(net: type[nn.Module], size: tuple[int, ...]) -> None:
    recorded = trace(build(net), [specs((2, 3, 16, 16))], names=["x"])
    again = propagate(recorded, {"x": specs(size)})
    anew = trace(build(net), [specs(size)], names=["x"])
    if again.guards_hold:
        one = {layer.name: layer.output for layer in again.network.layers}
        other = {layer.name: layer.output for layer in anew.layers}
        assert one == other
        assert again.network.outputs == anew.outputs
    else:
        assert size == (3, 3, 64, 64)
        assert net is Heads


def test_what_python_has_asked_goes_along() -> None:
    """A sweep that begins with a network at another size must come to the same questions."""
    recorded = trace(build(Heads), [specs((2, 3, 16, 16))], names=["x"])
    assert recorded.again is not None
    other = recorded.again({"x": specs((2, 3, 16, 12))})
    assert [one.op for one in recorded.guards] == [">"]
    assert other.guards == recorded.guards
    assert other.layers[0].output.shape == (2, 3, 16, 12)
    raising = recorded.again({"x": specs((2, 5, 16, 16))})
    assert (raising.raised, raising.guards) == (recorded.raised, recorded.guards)


def test_the_branch_that_another_size_takes_is_noticed() -> None:
    recorded = trace(build(Heads), [specs((2, 3, 16, 16))], names=["x"])
    assert propagate(recorded, {"x": specs((7, 3, 16, 16))}).guards_hold
    assert propagate(recorded, {"x": specs((2, 3, 64, 64))}).guards_hold is False


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("normed", [weight_norm, spectral_norm, parametrizations.weight_norm])
def test_what_hooks_compute_is_no_part_of_the_graph(normed: Any) -> None:
    def make() -> nn.Module:
        return nn.Sequential(normed(nn.Conv1d(3, 4, 3)), nn.Flatten(), nn.Linear(28, 2))

    again = propagate(trace(build(make), [specs((2, 3, 9))], names=["x"]), {"x": specs((5, 3, 9))})
    assert again.guards_hold
    assert again.network.outputs.shape == (5, 2)
    assert not convlint.check(make, "2,3,9").diagnostics


def test_layers_are_in_the_mode_of_the_network() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 8), nn.BatchNorm2d(4))
    for training in (True, False):
        network = trace(net, [TensorSpec((2, 3, 8, 8), torch.float32)], {}, training)
        net.train(not training)
        found = propagate(network, {})
        assert found.network.layers[-1].args["training"] is training
        assert net[1].training is not training


def test_the_mode_is_the_recorded_one() -> None:
    """Also where the module itself is in another: one value per channel is enough in `eval`."""
    net = nn.Sequential(nn.BatchNorm2d(3), nn.InstanceNorm2d(3, track_running_stats=True)).train()
    recorded = trace(net, [specs((2, 3, 4, 4))], names=["x"])
    again = propagate(recorded, {"x": specs((1, 3, 1, 1))}).network
    norms = [layer for layer in again.layers if "norm" in layer.op]
    assert [layer.args.get("training", layer.args.get("use_input_stats")) for layer in norms] == [
        False,
        False,
    ]
    assert all(layer.args["running_mean"] is not None for layer in norms)
