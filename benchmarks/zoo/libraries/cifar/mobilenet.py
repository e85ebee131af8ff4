"""MobileNet: depthwise separable convolutions; two strides fewer than for ImageNet.

Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
Applications", 2017.
"""

from __future__ import annotations

from torch import Tensor, nn

_STEPS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1),
    (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip


def convolved(before: int, after: int, size: int, stride: int, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


class MobileNet(nn.Module):
    def __init__(self, multiplier: float = 1.0, classes: int = 10) -> None:
        super().__init__()
        before = int(32 * multiplier)
        layers = [convolved(3, before, 3, 1)]
        for width, stride in _STEPS:
            after = int(width * multiplier)
            layers.append(convolved(before, before, 3, stride, groups=before))
            layers.append(convolved(before, after, 1, 1))
            before = after
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.features(x)).flatten(1))


NETWORKS = {
    "mobilenet_w1": lambda: MobileNet(),
    "mobilenet_wd2": lambda: MobileNet(0.5),
}
