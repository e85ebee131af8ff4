# convlint: target Net 1,3,600,600
"""EfficientNet-B7 (Tan and Le, 2019), as torchvision has it: with stochastic depth."""

import math

import torch
from torch import nn

WIDTH, DEPTH, DROPOUT = 2.0, 3.1, 0.5
STAGES = [
    # expansion, kernel, stride, in, out, layers
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
]


def divisible(value, divisor=8):
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


class ConvNorm(nn.Sequential):
    def __init__(self, in_channels, out_channels, kernel=3, stride=1, groups=1, activation=True):
        layers = [
            nn.Conv2d(
                in_channels,
                out_channels,
                kernel,
                stride,
                padding=(kernel - 1) // 2,
                groups=groups,
                bias=False,
            ),
            nn.BatchNorm2d(out_channels, eps=0.001, momentum=0.01),
        ]
        if activation:
            layers.append(nn.SiLU(inplace=True))
        super().__init__(*layers)


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        scale = self.fc1(self.pool(x))
        return torch.sigmoid(self.fc2(nn.functional.silu(scale))) * x


class StochasticDepth(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0.0:
            return x
        survival = 1.0 - self.p
        noise = torch.empty([x.shape[0]] + [1] * (x.ndim - 1), dtype=x.dtype, device=x.device)
        return x * noise.bernoulli_(survival).div_(survival)


class MBConv(nn.Module):
    def __init__(self, expansion, kernel, stride, in_channels, out_channels, drop):
        super().__init__()
        self.residual = stride == 1 and in_channels == out_channels
        expanded = divisible(in_channels * expansion)
        layers = []
        if expanded != in_channels:
            layers.append(ConvNorm(in_channels, expanded, 1))
        layers.append(ConvNorm(expanded, expanded, kernel, stride, groups=expanded))
        layers.append(SqueezeExcitation(expanded, max(1, in_channels // 4)))
        layers.append(ConvNorm(expanded, out_channels, 1, activation=False))
        self.block = nn.Sequential(*layers)
        self.drop = StochasticDepth(drop)

    def forward(self, x):
        y = self.block(x)
        return self.drop(y) + x if self.residual else y


class Net(nn.Module):
    def __init__(self, classes=1000, drop=0.2):
        super().__init__()
        layers = [ConvNorm(3, divisible(32 * WIDTH), 3, 2)]
        total = sum(math.ceil(n * DEPTH) for *_, n in STAGES)
        done = 0
        for expansion, kernel, stride, in_channels, out_channels, count in STAGES:
            stage = []
            wide_in, wide_out = divisible(in_channels * WIDTH), divisible(out_channels * WIDTH)
            for i in range(math.ceil(count * DEPTH)):
                stage.append(
                    MBConv(
                        expansion,
                        kernel,
                        stride if i == 0 else 1,
                        wide_in if i == 0 else wide_out,
                        wide_out,
                        drop * done / total,
                    )
                )
                done += 1
            layers.append(nn.Sequential(*stage))
        layers.append(ConvNorm(wide_out, 4 * wide_out, 1))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(4 * wide_out, classes))

    def forward(self, x):
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))
