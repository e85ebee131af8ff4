"""Network in network: 1×1 convolutions behind each spatial one, and no linear layer.

Lin, Chen & Yan, "Network In Network", 2013.
"""

from __future__ import annotations

from torch import Tensor, nn


def block(before: int, widths: tuple[int, int, int], size: int) -> list[nn.Module]:
    first, second, third = widths
    return [
        nn.Conv2d(before, first, size, padding=size // 2),
        nn.ReLU(inplace=True),
        nn.Conv2d(first, second, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(second, third, 1),
        nn.ReLU(inplace=True),
    ]


class NiN(nn.Module):
    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *block(3, (192, 160, 96), 5),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Dropout(),
            *block(96, (192, 192, 192), 5),
            nn.AvgPool2d(3, 2, ceil_mode=True),
            nn.Dropout(),
            *block(192, (192, 192, classes), 3),
            nn.AvgPool2d(8),
            nn.Flatten(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


NETWORKS = {"nin": NiN}
