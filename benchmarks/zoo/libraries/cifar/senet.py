"""ResNets whose channels are weighed by what the whole map says.

Hu, Shen, Albanie, Sun & Wu, "Squeeze-and-Excitation Networks", 2017.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class SqueezeExcitation(nn.Module):
    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.reduce = nn.Linear(channels, channels // reduction)
        self.expand = nn.Linear(channels // reduction, channels)

    def forward(self, x: Tensor) -> Tensor:
        n, c, _, _ = x.size()
        weights = F.adaptive_avg_pool2d(x, 1).view(n, c)
        weights = self.expand(F.relu(self.reduce(weights))).sigmoid()
        return x * weights.view(n, c, 1, 1)


class Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.weighing = SqueezeExcitation(after)
        if before == after:
            self.shortcut: nn.Module = nn.Identity()
        else:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm1(self.conv1(x)))
        out = self.weighing(self.norm2(self.conv2(out)))
        return F.relu(out + self.shortcut(x))


class SENet(nn.Module):
    def __init__(self, widths: tuple[int, ...], count: int, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(widths[0])
        self.stages = nn.ModuleList()
        before = widths[0]
        for width in widths:
            blocks = [Block(before, width, 1 if width == before else 2)]
            blocks += [Block(width, width, 1) for _ in range(count - 1)]
            self.stages.append(nn.Sequential(*blocks))
            before = width
        self.head = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem(x)))
        for stage in self.stages:
            x = stage(x)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


NETWORKS = {
    "se_resnet20": lambda: SENet((16, 32, 64), 3),
    "se_resnet18": lambda: SENet((64, 128, 256, 512), 2),
}
