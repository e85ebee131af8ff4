"""PyramidNet: every block is a little wider than the one before.

Han, Kim & Kim, "Deep Pyramidal Residual Networks", 2016.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.new, self.stride = after - before, stride
        self.layers = nn.Sequential(
            nn.BatchNorm2d(before),
            nn.Conv2d(before, after, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.layers(x)
        if self.stride > 1:
            x = F.avg_pool2d(x, self.stride)
        return out + F.pad(x, (0, 0, 0, 0, 0, self.new))


class PyramidNet(nn.Module):
    def __init__(self, depth: int, growth: int, classes: int = 10) -> None:
        super().__init__()
        count = (depth - 2) // 6
        layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)]
        before = 16
        for place in range(3 * count):
            after = 16 + growth * (place + 1) // (3 * count)
            layers.append(Block(before, after, 2 if place in (count, 2 * count) else 1))
            before = after
        layers += [nn.BatchNorm2d(before), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x))


NETWORKS = {"pyramidnet110_a48": lambda: PyramidNet(110, 48)}
