# inputs: 2,3,16,16
import torch
from torch import nn


class Net(nn.Module):
    """landmarks: 5 points a sample, one list of points"""
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3, padding=1)
        self.f = nn.Linear(1024, 10)

    def forward(self, x):
        y = self.c(x).relu().flatten(1)
        return self.f(y).reshape(-1, 2)
