# inputs: 4,3,16,16
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.gates = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(16, 8, 3, padding=1)
        self.h = None

    def forward(self, x):
        x = self.conv(x)
        if self.h is None or self.h.size(0) != x.size(0):
            self.h = torch.zeros_like(x)
        h = torch.tanh(self.gates(torch.cat([x, self.h], 1)))
        self.h = h.detach()
        return h
