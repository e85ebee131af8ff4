"""SegNet: the decoder puts values back where the encoder's pools have found them.

Badrinarayanan, Kendall & Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder Architecture for
Image Segmentation", 2015.
"""

from __future__ import annotations

import itertools

import torch.nn.functional as F
from torch import Tensor, nn

INPUT = (3, 96, 128)


def convolved(*channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(channels):
        layers += [
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class SegNet(nn.Module):
    def __init__(self, classes: int = 12) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(
            [convolved(3, 64, 64), convolved(64, 128, 128), convolved(128, 256, 256, 256)]
        )
        self.decoder = nn.ModuleList(
            [convolved(256, 256, 256, 128), convolved(128, 128, 64), convolved(64, 64)]
        )
        self.head = nn.Conv2d(64, classes, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = []
        for stage in self.encoder:
            x = stage(x)
            size = x.shape[2:]
            x, indices = F.max_pool2d(x, 2, return_indices=True)
            pooled.append((indices, size))
        for stage in self.decoder:
            indices, size = pooled.pop()
            x = stage(F.max_unpool2d(x, indices, 2, output_size=size))
        return self.head(x)


NETWORKS = {"segnet": SegNet}
