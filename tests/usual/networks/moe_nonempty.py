# inputs: 2,8,16
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, d=16, n=4):
        super().__init__()
        self.gate = nn.Linear(d, n)
        self.experts = nn.ModuleList(nn.Linear(d, d) for _ in range(n))

    def forward(self, x):
        t = x.view(-1, x.size(-1))
        e = self.gate(t).argmax(-1)
        outs = []
        for i, f in enumerate(self.experts):
            mask = e == i
            if not mask.any():
                continue
            outs.append(f(t[mask]))
        return torch.cat(outs, 0).view(x.shape)
