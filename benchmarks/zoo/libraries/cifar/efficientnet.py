"""EfficientNet without squeeze-and-excitation, with ReLU6, for small images.

Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019; what is
left out of it is what its "lite" release leaves out.
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 1, 5),
    (6, 320, 1, 1, 3),
)
"""Expansion, width, blocks, stride of the first, kernel."""


def rounded(width: float) -> int:
    """A multiple of 8 that is not more than a tenth below."""
    near = max(8, int(width + 4) // 8 * 8)
    return near + 8 if near < 0.9 * width else near


class MBConv(nn.Module):
    def __init__(self, before: int, after: int, expansion: int, stride: int, size: int) -> None:
        super().__init__()
        inner = before * expansion
        self.is_residual = stride == 1 and before == after
        self.expand = (
            nn.Sequential(nn.Conv2d(before, inner, 1, bias=False), nn.BatchNorm2d(inner))
            if expansion > 1
            else None
        )
        self.depthwise = nn.Conv2d(
            inner, inner, size, stride, padding=size // 2, groups=inner, bias=False
        )
        self.norm = nn.BatchNorm2d(inner)
        self.project = nn.Conv2d(inner, after, 1, bias=False)
        self.project_norm = nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        out = x if self.expand is None else F.relu6(self.expand(x))
        out = F.relu6(self.norm(self.depthwise(out)))
        out = self.project_norm(self.project(out))
        return x + out if self.is_residual else out


class EfficientNet(nn.Module):
    def __init__(self, wider: float = 1.0, deeper: float = 1.0, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(32)
        blocks = []
        before = 32
        for expansion, width, count, stride, size in _STAGES:
            after = rounded(width * wider)
            for place in range(math.ceil(count * deeper)):
                blocks.append(MBConv(before, after, expansion, 1 if place else stride, size))
                before = after
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Sequential(
            nn.Conv2d(before, 1280, 1, bias=False), nn.BatchNorm2d(1280), nn.ReLU6()
        )
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self.stem_norm(self.stem(x)))
        x = self.last(self.blocks(x))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


NETWORKS = {
    "efficientnet_lite0": lambda: EfficientNet(),
    "efficientnet_lite2": lambda: EfficientNet(1.1, 1.2),
}
