"""DenseNet, plain and with bottlenecks and compression.

Huang, Liu, van der Maaten & Weinberger, "Densely Connected Convolutional Networks", 2016.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Layer(nn.Module):
    def __init__(self, before: int, growth: int, bottleneck: bool) -> None:
        super().__init__()
        inner = 4 * growth if bottleneck else before
        self.squeeze = (
            nn.Sequential(
                nn.BatchNorm2d(before), nn.ReLU(), nn.Conv2d(before, inner, 1, bias=False)
            )
            if bottleneck
            else nn.Identity()
        )
        self.norm = nn.BatchNorm2d(inner)
        self.conv = nn.Conv2d(inner, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        new = self.conv(F.relu(self.norm(self.squeeze(x))))
        return torch.cat([x, new], 1)


class Transition(nn.Sequential):
    def __init__(self, before: int, after: int) -> None:
        super().__init__(
            nn.BatchNorm2d(before),
            nn.ReLU(),
            nn.Conv2d(before, after, 1, bias=False),
            nn.AvgPool2d(2),
        )


class DenseNet(nn.Module):
    def __init__(self, depth: int, growth: int, compressed: bool, classes: int = 10) -> None:
        super().__init__()
        count = (depth - 4) // (6 if compressed else 3)
        channels = 2 * growth if compressed else 16
        features: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1, bias=False)]
        for block in range(3):
            if block:
                kept = channels // 2 if compressed else channels
                features.append(Transition(channels, kept))
                channels = kept
            for _ in range(count):
                features.append(Layer(channels, growth, compressed))
                channels += growth
        features += [nn.BatchNorm2d(channels), nn.ReLU()]
        self.features = nn.Sequential(*features)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


NETWORKS = {
    "densenet40_k12": lambda: DenseNet(40, 12, compressed=False),
    "densenet_bc100_k12": lambda: DenseNet(100, 12, compressed=True),
}
