"""A network that means to lose its border, and says so where convlint would complain."""

from torch import nn


class Trimmed(nn.Module):
    """1,3,64,64 in, 62×62 out: the outermost pixels of these scans are noise."""

    def __init__(self):
        super().__init__()
        self.context = nn.Conv2d(
            3, 16, 3, padding=1, dilation=2
        )  # convlint: ignore[padding-misses-dilation] the border is noise
        self.head = nn.Conv2d(16, 2, 1)  # convlint: ignore[channel-mismatch]

    def forward(self, x):
        return self.head(self.context(x))
