# inputs: 2,12,16
# RWKV: the token shift
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, d=16):
        super().__init__()
        self.time_shift = nn.ZeroPad2d((0, 0, 1, -1))
        self.mix = nn.Parameter(torch.rand(1, 1, d))
        self.key = nn.Linear(d, d)

    def forward(self, x):
        xx = self.time_shift(x)
        return self.key(x * self.mix + xx * (1 - self.mix))
