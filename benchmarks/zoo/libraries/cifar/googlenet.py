"""GoogLeNet with batch norm, from its first inception block on.

Szegedy et al., "Going Deeper with Convolutions", 2014.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv(before: int, after: int, size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, size, padding=size // 2, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


class Inception(nn.Module):
    def __init__(
        self, before: int, one: int, three: tuple[int, int], five: tuple[int, int], pooled: int
    ) -> None:
        super().__init__()
        self.one = conv(before, one, 1)
        self.three = nn.Sequential(conv(before, three[0], 1), conv(*three, 3))
        self.five = nn.Sequential(conv(before, five[0], 1), conv(*five, 5))
        self.pooled = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), conv(before, pooled, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.one(x), self.three(x), self.five(x), self.pooled(x)), 1)


class GoogLeNet(nn.Module):
    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            conv(3, 192, 3),
            Inception(192, 64, (96, 128), (16, 32), 32),
            Inception(256, 128, (128, 192), (32, 96), 64),
            nn.MaxPool2d(3, 2, padding=1),
            Inception(480, 192, (96, 208), (16, 48), 64),
            Inception(512, 160, (112, 224), (24, 64), 64),
            Inception(512, 128, (128, 256), (24, 64), 64),
            Inception(512, 112, (144, 288), (32, 64), 64),
            Inception(528, 256, (160, 320), (32, 128), 128),
            nn.MaxPool2d(3, 2, padding=1),
            Inception(832, 256, (160, 320), (32, 128), 128),
            Inception(832, 384, (192, 384), (48, 128), 128),
        )
        self.pool = nn.AvgPool2d(8)
        self.head = nn.Linear(1024, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.features(x))
        return self.head(x.view(x.size(0), -1))


NETWORKS = {"googlenet": GoogLeNet}
