# inputs: 3,4,10,10
import math
from functools import reduce
from operator import mul
import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(400, 10)
        self.g = nn.Linear(4, 4)

    def num_flat_features(self, x):
        size = x.size()[1:]
        num_features = 1
        for s in size:
            num_features *= s
        return num_features

    def forward(self, x):
        n = int(np.prod(x.shape[1:]))
        a = self.l(x.reshape(-1, n))
        b = self.l(x.view(x.numel() // reduce(mul, x.shape[1:]), -1))
        c = self.l(x.view(-1, self.num_flat_features(x)))
        d = self.l(x.reshape(len(x), math.prod(x.size()[1:])))
        e = self.l(x.view(np.array(x.shape)[0], -1))
        f = self.l(x.view(*x.shape[:1], -1))
        m = self.g(x.movedim(1, -1).reshape(int(x.numel() / 4), 4)).view(int(x.nelement() / 400), 10, 10, 4)
        k = torch.tensor(x.shape)[0]
        g = self.l(x.reshape(int(k), -1))
        q, r = divmod(x.shape[0] * 100, 100)
        h = self.l(x.reshape(q, -1))
        return a + b + c + d + e + f + g + h, m
