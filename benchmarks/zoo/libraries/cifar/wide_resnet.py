"""Wide ResNet: fewer and wider blocks, with dropout between the convolutions.

Zagoruyko & Komodakis, "Wide Residual Networks", 2016.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(before, after, 1, stride, bias=False) if before != after else None

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.norm1(x))
        out = F.relu(self.norm2(self.conv1(active)))
        out = self.conv2(self.dropout(out))
        return out + (x if self.shortcut is None else self.shortcut(active))


class WideResNet(nn.Module):
    def __init__(self, depth: int, widen: int, classes: int = 10, dropout: float = 0.3) -> None:
        super().__init__()
        count = (depth - 4) // 6
        widths = (16 * widen, 32 * widen, 64 * widen)
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        stages = []
        before = 16
        for stage, width in enumerate(widths):
            blocks = [Block(before, width, 2 if stage else 1, dropout)]
            blocks += [Block(width, width, 1, dropout) for _ in range(count - 1)]
            stages.append(nn.Sequential(*blocks))
            before = width
        self.stages = nn.Sequential(*stages)
        self.norm = nn.BatchNorm2d(before)
        self.head = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stages(self.stem(x))))
        return self.head(F.avg_pool2d(x, 8).flatten(1))


NETWORKS = {
    "wrn16_4": lambda: WideResNet(16, 4),
    "wrn28_10": lambda: WideResNet(28, 10, classes=100),
}
