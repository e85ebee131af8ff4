"""A small U-Net with padded convolutions, upsampled by weights or by interpolation.

Ronneberger, Fischer & Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
2015.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

INPUT = (3, 64, 64)


def double(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
        nn.Conv2d(after, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


class Up(nn.Module):
    def __init__(self, before: int, after: int, interpolated: bool) -> None:
        super().__init__()
        self.larger: nn.Module
        if interpolated:
            self.larger = nn.Sequential(
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
                nn.Conv2d(before, after, 1),
            )
        else:
            self.larger = nn.ConvTranspose2d(before, after, 2, stride=2)
        self.joined = double(2 * after, after)

    def forward(self, x: Tensor, skipped: Tensor) -> Tensor:
        return self.joined(torch.cat([skipped, self.larger(x)], dim=1))


class UNet(nn.Module):
    def __init__(self, interpolated: bool = False, width: int = 32, classes: int = 2) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(4)]
        self.stem = double(3, widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(nn.MaxPool2d(2), double(a, b)) for a, b in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(
            Up(b, a, interpolated) for a, b in reversed([*itertools.pairwise(widths)])
        )
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.stem(x)]
        for down in self.down:
            maps.append(down(maps[-1]))
        x = maps.pop()
        for up in self.up:
            x = up(x, maps.pop())
        return self.head(x)


NETWORKS = {"unet": lambda: UNet(), "unet_bilinear": lambda: UNet(interpolated=True)}
