"""Deep layer aggregation: trees of residual blocks whose outputs are joined at their roots.

Yu, Wang, Shelhamer & Darrell, "Deep Layer Aggregation", 2017.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential()
        if stride > 1 or before != after:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(out)) + self.shortcut(x))


class Tree(nn.Module):
    """Two halves, and a root that takes them and what came from further up (`outer` channels)."""

    def __init__(self, depth: int, before: int, after: int, stride: int, outer: int = 0) -> None:
        super().__init__()
        self.left: nn.Module
        self.right: nn.Module
        self.root: nn.Module | None = None
        if depth == 1:
            self.left = Block(before, after, stride)
            self.right = Block(after, after, 1)
            self.root = nn.Sequential(
                nn.Conv2d(2 * after + outer, after, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            )
        else:
            self.left = Tree(depth - 1, before, after, stride)
            self.right = Tree(depth - 1, after, after, 1, outer + after)

    def forward(self, x: Tensor, outer: tuple[Tensor, ...] = ()) -> Tensor:
        near = self.left(x)
        if self.root is None:
            return self.right(near, (*outer, near))
        return self.root(torch.cat([near, self.right(near), *outer], 1))


class DLA(nn.Module):
    def __init__(self, depths: tuple[int, ...], classes: int = 10) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width in (16, 16, 32):
            layers += [
                nn.Conv2d(before, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            before = width
        for place, (depth, width) in enumerate(zip(depths, (64, 128, 256, 512), strict=True)):
            layers.append(Tree(depth, before, width, 2 if place else 1))
            before = width
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(x)
        return self.head(F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1))


NETWORKS = {
    "dla_shallow": lambda: DLA((1, 1, 1, 1)),
    "dla34": lambda: DLA((1, 2, 2, 1)),
}
