# inputs: 4,3,16,16
import torch
from torch import nn


class Net(nn.Module):
    """first non-empty level; at least one of the branches"""
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(3, 8, 5, 2, 2)

    def forward(self, x):
        w = torch.stack([x.mean(), x.std()]).softmax(0)
        y = None
        for f, p in zip((self.a, self.b), w):
            if p > .4:
                y = f(x) * p if y is None else y + f(x) * p
        return y.relu()
