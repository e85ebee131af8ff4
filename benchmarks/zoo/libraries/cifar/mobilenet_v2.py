"""MobileNetV2: inverted residuals with linear bottlenecks.

Sandler, Howard, Zhu, Zhmoginov & Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
2018.  The stem and the first stages keep the size of small images.
"""

from __future__ import annotations

from torch import Tensor, nn

_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, width, blocks, stride of the first."""


class InvertedResidual(nn.Module):
    def __init__(self, before: int, after: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = before * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [
                nn.Conv2d(before, inner, 1, bias=False),
                nn.BatchNorm2d(inner),
                nn.ReLU6(inplace=True),
            ]
        layers += [
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU6(inplace=True),
            nn.Conv2d(inner, after, 1, bias=False),
            nn.BatchNorm2d(after),
        ]
        self.layers = nn.Sequential(*layers)
        self.is_residual = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.is_residual else self.layers(x)


class MobileNetV2(nn.Module):
    def __init__(self, multiplier: float = 1.0, classes: int = 10) -> None:
        super().__init__()
        before, last = int(32 * multiplier), max(1280, int(1280 * multiplier))
        layers: list[nn.Module] = [
            nn.Conv2d(3, before, 3, padding=1, bias=False),
            nn.BatchNorm2d(before),
            nn.ReLU6(inplace=True),
        ]
        for expansion, width, count, stride in _STAGES:
            after = int(width * multiplier)
            for place in range(count):
                block = InvertedResidual(before, after, 1 if place else stride, expansion)
                layers.append(block)
                before = after
        layers += [
            nn.Conv2d(before, last, 1, bias=False),
            nn.BatchNorm2d(last),
            nn.ReLU6(inplace=True),
        ]
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(last, classes))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).mean((2, 3)))


NETWORKS = {
    "mobilenet_v2_w1": lambda: MobileNetV2(),
    "mobilenet_v2_w3d2": lambda: MobileNetV2(1.5, classes=100),
}
