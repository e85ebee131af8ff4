"""Layers over images whose input is not, or not all, known: no claim, and no wrong number."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlint.diagnostic import Severity
from convlint.dims import Unknown
from convlint.judge import judge
from convlint.rule import silent
from convlint.tensor import TensorSpec
from convlint.trace import build, trace
from tests.oracle import torch_says
from tests.sampling import sampled
from tests.shapes.images import FLOAT

SHAPE = (2, 4, 8, 8)
CALLS: dict[str, Callable[[], nn.Module]] = {
    "conv": lambda: nn.Conv2d(4, 6, 3, 2, 1),
    "grouped": lambda: nn.Conv2d(4, 6, 3, padding="same", groups=2),
    "mirrored": lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"),
    "transposed": lambda: nn.ConvTranspose2d(4, 6, 4, 2, 1),
    "max_pool": lambda: nn.MaxPool2d(3, 2, 1, ceil_mode=True, return_indices=True),
    "avg_pool": lambda: nn.AvgPool2d(2),
    "lp_pool": lambda: nn.LPPool2d(2, 2),
    "adaptive": lambda: nn.AdaptiveAvgPool2d((None, 3)),
    "fractional": lambda: nn.FractionalMaxPool2d(2, output_ratio=0.5),
    "unpool": lambda: Two(lambda x: F.max_unpool2d(x, x.long(), [2, 2])),
    "pad": lambda: nn.ZeroPad2d((1, 2, 0, -1)),
    "reflect": lambda: nn.ReflectionPad2d(2),
    "circular": lambda: nn.CircularPad2d(2),
    "upsample": lambda: nn.Upsample(scale_factor=1.5, mode="bilinear"),
    "area": lambda: Two(lambda x: F.interpolate(x, (3, 5), mode="area")),
    "shuffle": lambda: nn.PixelShuffle(2),
    "unshuffle": lambda: nn.PixelUnshuffle(2),
    "channels": lambda: nn.ChannelShuffle(2),
    "unfold": lambda: nn.Unfold(3, stride=2),
    "fold": lambda: Two(lambda x: F.fold(x.flatten(2), (9, 9), 2)),
    "grid": lambda: Two(lambda x: F.grid_sample(x, x[:, :2].permute(0, 2, 3, 1))),
    "read": lambda: Two(lambda x: F.max_pool2d(x, (x.size(2), 1))),
    "resized": lambda: Two(lambda x: F.interpolate(x, size=(x.size(2) * 2, x.size(3) // 2))),
}


class Two(nn.Module):
    """A call that is no module."""

    def __init__(self, call: Callable[[Any], Any]) -> None:
        super().__init__()
        self.call = call

    def forward(self, x: torch.Tensor) -> Any:
        return self.call(x)


def claims(make: Callable[[], nn.Module], spec: TensorSpec) -> tuple[list[str], Any]:
    network = trace(build(make), [spec], training=False)
    found = [d for d in judge(network) if d.severity is Severity.ERROR]
    errors = [d.message for d in found if d.code not in silent()]
    return errors, network.outputs


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_known(name: str) -> None:
    assert claims(CALLS[name], TensorSpec(None, None, None))[0] == []


@given(data=st.data())
@sampled(30)
@pytest.mark.parametrize("name", CALLS)
def test_some_sizes_are_unknown(name: str, data: st.DataObject) -> None:
    """What holds for every size that an unknown one may be must hold for the true one."""
    hidden = data.draw(st.lists(st.booleans(), min_size=4, max_size=4))
    guesses = data.draw(st.lists(st.integers(0, 9), min_size=4, max_size=4))
    shape = tuple(Unknown(g) if h else n for n, h, g in zip(SHAPE, hidden, guesses, strict=True))
    errors, outputs = claims(CALLS[name], TensorSpec(shape, FLOAT))
    assert errors == []
    answer = torch_says(CALLS[name], [(SHAPE, FLOAT)], training=False)
    compared = (
        [(outputs, answer)]
        if isinstance(answer, torch.Tensor)
        else zip(outputs, answer, strict=True)
    )
    for spec, tensor in compared:
        if spec.shape is not None:
            assert len(spec.shape) == tensor.dim()
            assert not any(s != n for s, n in zip(spec.shape, tensor.shape, strict=True))
