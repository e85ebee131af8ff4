"""Maps that are joined: how far apart the places are that torch reads for them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from convlint.judge import judge
from convlint.tensor import TensorSpec
from convlint.trace import trace
from tests.silent.networks import Step, bad_and_good, ones, read, said

LENGTH = 160


def conv(kernel: int, stride: int = 1, padding: int = 0) -> Any:
    return ones(nn.Conv1d(1, 1, kernel, stride, padding, bias=False))


class Join(nn.Module):
    def __init__(self, one: nn.Module, other: nn.Module) -> None:
        super().__init__()
        self.one, self.other = one, other

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.one(x), self.other(x)], 1)


def apart(join: Join) -> float:
    """The mean distance of the centres, in positions, far from the borders."""
    pairs = list(zip(read(join.one, LENGTH), read(join.other, LENGTH), strict=True))
    inner = pairs[len(pairs) // 4 : -len(pairs) // 4]
    centres = [(a[0] + a[-1] - b[0] - b[-1]) / 2 for a, b in inner]
    return abs(sum(centres)) / len(centres) / round(LENGTH / len(pairs))


SKIP = nn.Identity()
TWICE = nn.Upsample(scale_factor=2)
LINEAR = nn.Upsample(scale_factor=2, mode="linear")
THREE = ones(nn.ConvTranspose1d(1, 1, 3, 2, 1, 1, bias=False))
TWO = ones(nn.ConvTranspose1d(1, 1, 2, 2, bias=False))


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        (nn.Sequential(conv(3, 2, 1), TWICE), SKIP, 0.5),  # half a position is passed over
        (nn.Sequential(conv(3, 2, 1), conv(3, 2, 1), TWICE, TWICE), SKIP, 1.5),
        (nn.Sequential(conv(3, 2, 1), conv(3, 2, 1), LINEAR, LINEAR), SKIP, 1.5),
        (nn.Sequential(conv(3, 2, 1), conv(3, 2, 1), THREE, THREE), SKIP, 0),
        (nn.Sequential(nn.MaxPool1d(2), nn.MaxPool1d(2), TWICE, TWICE), SKIP, 0),
        (nn.Sequential(nn.MaxPool1d(2), nn.MaxPool1d(2), TWO, TWO), SKIP, 0),
        (conv(5), Step(lambda x: x[..., 2:-2]), 0),
        (conv(5), Step(lambda x: x[..., :-4]), 2),
        (conv(3, 2, 1), nn.AvgPool1d(2), 0.25),
        (conv(5, 4, 2), Step(lambda x: x[..., ::4]), 0),  # SlowFast's two rates
        (conv(3, 2, 1), Step(lambda x: x[..., 1::2]), 0.5),
        (conv(3, 2, 1), Step(lambda x: conv(3, 2)(F.pad(x, (2, 0)))), 0.5),
    ],
)
def test_centres_are_apart_as_torch_reads(one: nn.Module, other: nn.Module, far: float) -> None:
    join = Join(one, other)
    assert apart(join) == pytest.approx(far, abs=0.02)
    diagnostics = said(join, ["CL523"], 1, 1, LENGTH)
    assert [f"up to {far} position" in d.message for d in diagnostics] == [True] * (far >= 1)


def test_causal_branches_end_at_the_same_place() -> None:
    causal = Step(lambda x: conv(3)(F.pad(x, (2, 0))))
    assert all(a[-1] == i for i, a in enumerate(read(causal, LENGTH)))
    assert not said(Join(causal, SKIP), ["CL523"], 1, 1, LENGTH)


def test_two_images_have_no_places_in_common() -> None:
    class Two(nn.Module):
        def forward(self, slow: torch.Tensor, fast: torch.Tensor) -> torch.Tensor:
            made: torch.Tensor = slow + conv(7, 8, 2)(fast)
            return made

    specs = [TensorSpec((1, 1, n), torch.float32) for n in (20, 160)]
    assert not list(judge(trace(Two(), specs), ["CL523"]))


def test_the_slices_of_a_focus_layer_are_one_block() -> None:
    focus = Step(lambda x: torch.cat([x[..., at::4] for at in range(4)], 1))
    assert not said(focus, ["CL523"], 1, 1, LENGTH)


def test_the_examples_on_the_page() -> None:
    for net, far in zip(bad_and_good("CL523"), (2, 0), strict=True):
        image = torch.zeros(1, 8, 32, 32, dtype=torch.float64, requires_grad=True)
        rows = []
        out = net(image + 1)
        for channels in (slice(0, 8), slice(8, 16)):
            (grad,) = torch.autograd.grad(out[0, channels, 14, 14].sum(), image, retain_graph=True)
            found = torch.nonzero(grad.abs().sum((0, 1, 3))).flatten()
            rows.append((found[0] + found[-1]).item() / 2)
        assert rows[1] - rows[0] == far
