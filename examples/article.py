"""The three convolutions of the article that this project began with.

The article gives the output size as (in - kernel + 1) / stride, and says that the third network
keeps its 32×32. Both are wrong in general: see what `convlint shapes` prints.
"""

from torch import nn


class First(nn.Module):
    """1,3,10,10 in, 8×8 out: without padding and stride the article's formula happens to hold."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)

    def forward(self, x):
        return self.conv(x)


class Second(nn.Module):
    """4,1,20,20 in, 10×10 out: the article's formula gives 8."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 32, 5, stride=2, padding=2)

    def forward(self, x):
        return self.conv(x)


class Third(nn.Module):
    """1,64,32,32 in, 30×30 out: dilation 2 makes the kernel 5 wide, padding=2 would keep 32×32."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(64, 128, 3, padding=1, dilation=2)

    def forward(self, x):
        return self.conv(x)  # (N, 128, 32, 32)


class Residual(nn.Module):
    """The third network as the article means it: its output is added to its input."""

    def __init__(self):
        super().__init__()
        self.reduce = nn.Conv2d(128, 64, 1)
        self.third = Third()

    def forward(self, x):
        return x + self.reduce(self.third(x))
