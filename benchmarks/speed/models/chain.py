# convlint: target Net 1,8,64,64
"""A chain of layers: convolutions and activations, one behind the other."""

from torch import nn


class Net(nn.Sequential):
    def __init__(self, layers=2000):
        pairs = ((nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()) for _ in range(layers // 2))
        super().__init__(*(layer for pair in pairs for layer in pair))
