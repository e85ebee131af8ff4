"""What is remembered of torch is what torch says."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.sizes.comparison import raises
from benchmarks.sizes.remembered import Remembered
from convlint.tensor import TensorSpec


class Net(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 8, 3, stride=2),
            nn.BatchNorm2d(8),
            nn.Hardswish(inplace=True),
            nn.Conv2d(8, 8, 5),
            nn.Flatten(),
            nn.LazyLinear(4),
        )


def test_it_says_the_same_at_every_size() -> None:
    net = Net().eval()
    net(torch.zeros(1, 3, 24, 24))
    net.to("meta")
    known = Remembered()
    works = []
    for n in (*range(1, 40), *range(1, 40)):
        specs = [TensorSpec((1, 3, n, n), torch.float32)]
        plain = raises(net, specs, "meta")
        with known:
            assert raises(net, specs, "meta") == plain
        works += [n] if not plain else []
    assert works == [23, 24] * 2
    assert known.known
