# inputs: 1,3,32,32
import torch
from torch import nn
import torch.nn.functional as F


class Head(nn.Module):
    def __init__(self, c, n):
        super().__init__()
        self.fc = nn.Linear(c, n)

    def forward(self, x):
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Net(nn.Module):
    def __init__(self, n=10, threshold=0.5):
        super().__init__()
        self.threshold = threshold
        self.stages, self.exits = nn.ModuleList(), nn.ModuleList()
        c = 3
        for o in (8, 16, 32):
            self.stages.append(nn.Sequential(nn.Conv2d(c, o, 3, 2, 1), nn.BatchNorm2d(o), nn.ReLU()))
            self.exits.append(Head(o, n))
            c = o

    def _entropy(self, logits):
        p = logits.softmax(-1)
        return -(p * p.clamp_min(1e-9).log()).sum(-1)

    def forward(self, x):
        res = []
        for i, (stage, exit) in enumerate(zip(self.stages, self.exits)):
            x = stage(x)
            y = exit(x)
            res.append(y)
            if not self.training and self._entropy(y).max().item() < self.threshold:
                return y
        if self.training:
            return res
        return y
