"""ResNet with norm and activation before the convolutions.

He, Zhang, Ren & Sun, "Identity Mappings in Deep Residual Networks", 2016.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class Unit(nn.Module):
    """norm, activation and convolution."""

    def __init__(self, before: int, after: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(before)
        self.conv = nn.Conv2d(before, after, size, stride, padding=size // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.relu(self.norm(x)))


class Block(nn.Module):
    """Where the width changes, the shortcut starts behind the first activation."""

    def __init__(self, before: int, width: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        self.after = width * 4 if bottleneck else width
        self.norm = nn.BatchNorm2d(before)
        if bottleneck:
            self.first = nn.Conv2d(before, width, 1, bias=False)
            self.rest = nn.Sequential(Unit(width, width, 3, stride), Unit(width, self.after, 1))
        else:
            self.first = nn.Conv2d(before, width, 3, stride, padding=1, bias=False)
            self.rest = nn.Sequential(Unit(width, width, 3))
        self.shortcut = (
            nn.Conv2d(before, self.after, 1, stride, bias=False)
            if stride > 1 or before != self.after
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.norm(x))
        kept = x if self.shortcut is None else self.shortcut(active)
        return self.rest(self.first(active)) + kept


class PreActResNet(nn.Module):
    def __init__(self, count: int, bottleneck: bool, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        blocks: list[nn.Module] = []
        before = 16
        for stage, width in enumerate((16, 32, 64)):
            for place in range(count):
                block = Block(before, width, 2 if stage and not place else 1, bottleneck)
                blocks.append(block)
                before = block.after
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.BatchNorm2d(before)
        self.head = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.blocks(self.stem(x))))
        return self.head(x.mean((2, 3)))


NETWORKS = {
    "preact_resnet20": lambda: PreActResNet(3, bottleneck=False),
    "preact_resnet164": lambda: PreActResNet(18, bottleneck=True),
}
