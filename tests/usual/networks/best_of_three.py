# inputs: 2,9
import torch
from torch import nn


class Net(nn.Module):
    """the best of several, with -inf to begin with"""
    def __init__(self):
        super().__init__()
        self.h = nn.Linear(9, 9)

    def forward(self, x):
        best, out = -float('inf'), None
        for _ in range(3):
            x = self.h(x).tanh()
            s = x.norm()
            if s > best:
                best, out = s, x
        return out * 2
