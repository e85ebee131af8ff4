# inputs: 3,10,8
import torch
from torch import nn
import functools


def shape_log(f):
    @functools.wraps(f)
    def inner(self, x, *a, **k):
        self.last = tuple(x.shape), str(x.dtype), x.device
        return f(self, x, *a, **k)
    return inner


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(8, 8)
        self.last = None

    @torch.compile(backend="eager", disable=True)
    def inner(self, x):
        return torch.relu(self.l(x))

    @torch.compiler.disable
    def graphless(self, x):
        return x.cumsum(1)

    @shape_log
    @torch.inference_mode()
    def forward(self, x):
        return self.graphless(self.inner(x))
