"""Networks of convolutions only, and the one with pools that they are compared with.

Springenberg, Dosovitskiy, Brox & Riedmiller, "Striving for Simplicity: The All Convolutional Net",
2014: model C.
"""

from __future__ import annotations

from torch import Tensor, nn


def conv(
    before: int, after: int, size: int = 3, stride: int = 1, padding: int = 1
) -> list[nn.Module]:
    return [nn.Conv2d(before, after, size, stride, padding), nn.ReLU(inplace=True)]


def tail(classes: int) -> list[nn.Module]:
    return [
        *conv(192, 192, padding=0),
        *conv(192, 192, 1, padding=0),
        *conv(192, classes, 1, padding=0),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    ]


class Layers(nn.Module):
    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def all_cnn() -> nn.Module:
    return Layers(
        [
            nn.Dropout(0.2),
            *conv(3, 96),
            *conv(96, 96),
            *conv(96, 96, stride=2),
            nn.Dropout(),
            *conv(96, 192),
            *conv(192, 192),
            *conv(192, 192, stride=2),
            nn.Dropout(),
            *tail(10),
        ]
    )


def strided_cnn() -> nn.Module:
    return Layers(
        [
            *conv(3, 96),
            *conv(96, 96, stride=2),
            *conv(96, 192),
            *conv(192, 192, stride=2),
            *tail(10),
        ]
    )


def conv_pool_cnn() -> nn.Module:
    return Layers(
        [
            *conv(3, 96),
            *conv(96, 96),
            *conv(96, 96),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            *conv(96, 192),
            *conv(192, 192),
            *conv(192, 192),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            *tail(10),
        ]
    )


NETWORKS = {"all_cnn_c": all_cnn, "strided_cnn_c": strided_cnn, "conv_pool_cnn_c": conv_pool_cnn}
