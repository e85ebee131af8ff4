# inputs: 4,6,10
import torch
from torch import nn


class RunningNorm(nn.Module):
    """hand-made batch norm, with renorm and sync"""

    def __init__(self, c, momentum=0.1, eps=1e-5):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(c)), nn.Parameter(torch.zeros(c))
        self.register_buffer("running_mean", torch.zeros(c))
        self.register_buffer("running_var", torch.ones(c))
        self.register_buffer("num", torch.tensor(0, dtype=torch.long))
        self.momentum, self.eps = momentum, eps

    def forward(self, x):
        if self.training:
            self.num.add_(1)
            m, v = x.mean((0, 2)), x.var((0, 2), unbiased=False)
            self.running_mean.data.mul_(1 - self.momentum).add_(m.data * self.momentum)
            self.running_var.data.copy_((1 - self.momentum) * self.running_var + self.momentum * v)
            r = (v.sqrt() / self.running_var.sqrt()).clamp(0.5, 2).detach()
        else:
            m, v, r = self.running_mean, self.running_var, 1.
        s = [1, -1] + [1] * (x.dim() - 2)
        y = (x - m.view(s)) / (v.view(s) + self.eps).sqrt()
        if self.training:
            y = y * r.view(s)
        return y * self.weight.view(s) + self.bias.view(s)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.n, self.c = RunningNorm(6), nn.Conv1d(6, 6, 3)

    def forward(self, x):
        return self.c(self.n(x)).relu()
