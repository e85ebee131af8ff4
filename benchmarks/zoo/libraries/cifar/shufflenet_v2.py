"""ShuffleNetV2: half of the channels pass each unit untouched.

Ma, Zhang, Zheng & Sun, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture
Design", 2018.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_WIDTHS = {0.5: (48, 96, 192, 1024), 1.0: (116, 232, 464, 1024)}


def pointwise(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


def depthwise(channels: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
    ]


class Unit(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        half = after // 2
        self.is_split = stride == 1
        taken = before // 2 if self.is_split else before
        self.right = nn.Sequential(
            *pointwise(taken, half), *depthwise(half, stride), *pointwise(half, half)
        )
        if not self.is_split:
            self.left = nn.Sequential(*depthwise(before, stride), *pointwise(before, half))

    def forward(self, x: Tensor) -> Tensor:
        if self.is_split:
            kept, used = x.chunk(2, dim=1)
            out = torch.cat([kept, self.right(used)], dim=1)
        else:
            out = torch.cat([self.left(x), self.right(x)], dim=1)
        return out.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)


class ShuffleNetV2(nn.Module):
    def __init__(self, multiplier: float, classes: int = 10) -> None:
        super().__init__()
        *widths, last = _WIDTHS[multiplier]
        layers: list[nn.Module] = [
            nn.Conv2d(3, 24, 3, padding=1, bias=False),
            nn.BatchNorm2d(24),
            nn.ReLU(),
        ]
        before = 24
        for width, count in zip(widths, (4, 8, 4), strict=True):
            layers.append(Unit(before, width, 2))
            layers += [Unit(width, width, 1) for _ in range(count - 1)]
            before = width
        layers += pointwise(before, last)
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(last, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).mean([2, 3]))


NETWORKS = {
    "shufflenet_v2_x0_5": lambda: ShuffleNetV2(0.5),
    "shufflenet_v2_x1_0": lambda: ShuffleNetV2(1.0),
}
