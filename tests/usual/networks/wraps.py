# inputs: 2,3,24,24
import torch
from torch import nn
from torch.nn.utils import spectral_norm
from torch.nn.utils import weight_norm as wn


def sn(m, on=True):
    return spectral_norm(m) if on else m


class Net(nn.Module):
    def __init__(self, act="gelu", norm=True):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.conv = sn(self.conv)
        self.act = nn.ReLU()
        if act == "gelu":
            self.act = nn.GELU()
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3))
        self.body = nn.Sequential(*self.body, nn.ReLU(), nn.Conv2d(8, 8, 3, bias=not norm))
        layers = [self.body]
        layers += [nn.BatchNorm2d(8)] if norm else []
        self.body = nn.Sequential(*layers)
        self.fc = nn.Linear(8, 1000)
        self.fc = nn.Linear(self.fc.in_features, 7)
        self.pool = None
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.scale = nn.Parameter(self.scale.data * 0.1)

    def forward(self, x):
        x = self.body(self.act(self.conv(x))) * self.scale
        return self.fc(self.pool(x).flatten(1))
