# inputs: 4,6,8,8
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    """Dynamic convolution: one kernel per sample, batch folded into groups"""

    def __init__(self):
        super().__init__()
        self.gen = nn.Linear(6, 2 * 6 * 9)

    def forward(self, x):
        w = self.gen(x.mean((2, 3))).view(-1, 6, 3, 3)
        y = F.conv2d(x.reshape(1, -1, 8, 8), w, groups=x.size(0))
        return y.view(x.size(0), 2, 6, 6)
