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
        order = e.argsort()
        counts = torch.bincount(e, minlength=4).cpu().numpy()
        start, outs = 0, []
        for i, num in enumerate(counts):
            end = start + num
            if num == 0:
                continue
            outs.append(self.experts[i](t[order][start:end]))
            start = end
        outs = torch.cat(outs, 0) if len(outs) else t.new_empty(0)
        new_x = torch.empty_like(outs)
        new_x[order] = outs
        return new_x.view_as(x)
