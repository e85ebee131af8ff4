"""ShuffleNet: grouped 1×1 convolutions with the channels shuffled between them.

Zhang, Zhou, Lin & Sun, "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile
Devices", 2017.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_WIDTHS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}


class Shuffle(nn.Module):
    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        x = x.view(n, self.groups, c // self.groups, h, w)
        return x.transpose(1, 2).reshape(n, c, h, w)


class Unit(nn.Module):
    def __init__(self, before: int, after: int, groups: int, stride: int, first: bool) -> None:
        super().__init__()
        self.stride = stride
        made = after - before if stride > 1 else after
        inner = after // 4
        self.branch = nn.Sequential(
            nn.Conv2d(before, inner, 1, groups=1 if first else groups, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            Shuffle(groups),
            nn.Conv2d(inner, inner, 3, stride, padding=1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.Conv2d(inner, made, 1, groups=groups, bias=False),
            nn.BatchNorm2d(made),
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.branch(x)
        if self.stride > 1:
            return F.relu(torch.cat([F.avg_pool2d(x, 3, 2, padding=1), out], 1))
        return F.relu(x + out)


class ShuffleNet(nn.Module):
    def __init__(self, groups: int, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU()
        )
        units = []
        before, width = 24, _WIDTHS[groups]
        for stage, count in enumerate((4, 8, 4)):
            for place in range(count):
                first = not stage and not place
                units.append(Unit(before, width, groups, 1 if place else 2, first))
                before = width
            width *= 2
        self.units = nn.Sequential(*units)
        self.head = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.units(self.stem(x))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


NETWORKS = {
    "shufflenet_g2": lambda: ShuffleNet(2),
    "shufflenet_g3": lambda: ShuffleNet(3),
}
