"""ResNet: the thin ones of the paper's section on CIFAR, and the wide ones with a small stem.

He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", 2015.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn


def conv(before: int, after: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(after),
    )


class PaddedShortcut(nn.Module):
    """Every second pixel, with zeros for the channels that are new: no weights."""

    def __init__(self, new: int, stride: int) -> None:
        super().__init__()
        self.new, self.stride = new, stride

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, self.new // 2, self.new - self.new // 2))


class Basic(nn.Module):
    expansion = 1

    def __init__(self, before: int, width: int, stride: int, projected: bool) -> None:
        super().__init__()
        self.first = conv(before, width, 3, stride)
        self.second = conv(width, width, 3)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or before != width:
            self.shortcut = (
                conv(before, width, 1, stride)
                if projected
                else PaddedShortcut(width - before, stride)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.second(F.relu(self.first(x)))
        return F.relu(out + self.shortcut(x))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, before: int, width: int, stride: int, projected: bool) -> None:
        super().__init__()
        after = width * self.expansion
        self.reduce = conv(before, width, 1)
        self.middle = conv(width, width, 3, stride)
        self.expand = conv(width, after, 1)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or before != after:
            self.shortcut = conv(before, after, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.reduce(x))
        out = F.relu(self.middle(out))
        return F.relu(self.expand(out) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(
        self,
        block: Callable[[int, int, int, bool], nn.Module],
        expansion: int,
        widths: tuple[int, ...],
        counts: tuple[int, ...],
        projected: bool,
        classes: int = 10,
    ) -> None:
        super().__init__()
        self.stem = conv(3, widths[0], 3)
        blocks: list[nn.Module] = []
        before = widths[0]
        for stage, (width, count) in enumerate(zip(widths, counts, strict=True)):
            for place in range(count):
                stride = 2 if stage and not place else 1
                blocks.append(block(before, width, stride, projected))
                before = width * expansion
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(F.relu(self.stem(x)))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


def thin(count: int) -> ResNet:
    return ResNet(Basic, 1, (16, 32, 64), (count,) * 3, projected=False)


NETWORKS = {
    "resnet20": lambda: thin(3),
    "resnet56": lambda: thin(9),
    "resnet18": lambda: ResNet(Basic, 1, (64, 128, 256, 512), (2, 2, 2, 2), projected=True),
    "resnet50": lambda: ResNet(Bottleneck, 4, (64, 128, 256, 512), (3, 4, 6, 3), projected=True),
}
