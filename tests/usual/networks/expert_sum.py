# inputs: 2,8,16
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, d=16, n=4):
        super().__init__()
        self.gate = nn.Linear(d, n)
        self.experts = nn.ModuleList(nn.Linear(d, d) for _ in range(n))

    def forward(self, x):
        best = self.gate(x.mean(1)).argmax(-1)
        y = None
        for i, f in enumerate(self.experts):
            mask = best == i
            if mask.any():
                o = f(x) * mask[:, None, None]
                y = o if y is None else y + o
        return y + x
