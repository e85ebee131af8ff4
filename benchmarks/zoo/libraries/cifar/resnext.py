"""ResNeXt-29 for small images.

Xie, Girshick, Dollár, Tu & He, "Aggregated Residual Transformations for Deep Neural Networks",
2016.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    def __init__(self, before: int, inner: int, after: int, groups: int, stride: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(before, inner, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(inner)
        self.grouped = nn.Conv2d(inner, inner, 3, stride, padding=1, groups=groups, bias=False)
        self.norm2 = nn.BatchNorm2d(inner)
        self.expand = nn.Conv2d(inner, after, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential()
        if stride > 1 or before != after:
            self.shortcut.append(nn.Conv2d(before, after, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm1(self.reduce(x)))
        out = F.relu(self.norm2(self.grouped(out)))
        return F.relu(self.norm3(self.expand(out)) + self.shortcut(x))


class ResNeXt(nn.Module):
    def __init__(self, cardinality: int, width: int, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU()
        )
        blocks = []
        before = 64
        for stage in range(3):
            inner, after = cardinality * width * 2**stage, 256 * 2**stage
            for place in range(3):
                stride = 2 if stage and not place else 1
                blocks.append(Block(before, inner, after, cardinality, stride))
                before = after
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.stem(x))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


NETWORKS = {
    "resnext29_4x16d": lambda: ResNeXt(4, 16),
    "resnext29_8x64d": lambda: ResNeXt(8, 64),
}
