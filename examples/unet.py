"""A small U-Net that works for sides divisible by 8."""

import torch
from torch import nn


def double(channels, out):
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, padding=1),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
        nn.Conv2d(out, out, 3, padding=1),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):  # convlint: target UNet 1,3,64,64 --expect N,2,H,W
    def __init__(self, in_channels=3, classes=2, width=16):
        super().__init__()
        widths = [width, 2 * width, 4 * width]
        self.down = nn.ModuleList()
        for out in widths:
            self.down.append(double(in_channels, out))
            in_channels = out
        self.pool = nn.MaxPool2d(2)
        self.middle = double(widths[-1], 8 * width)
        self.up = nn.ModuleList()
        self.join = nn.ModuleList()
        for out in reversed(widths):
            self.up.append(nn.ConvTranspose2d(2 * out, out, 2, stride=2))
            self.join.append(double(2 * out, out))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.middle(x)
        for up, join, skip in zip(self.up, self.join, reversed(skips)):
            x = join(torch.cat([skip, up(x)], dim=1))
        return self.head(x)
