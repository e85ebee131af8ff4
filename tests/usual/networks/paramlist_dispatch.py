# inputs: 2,3,16,16
import torch
from torch import nn
import torch.nn.functional as F

OPS = {
    'none': lambda C, s: Zero(s),
    'avg_pool_3x3': lambda C, s: nn.AvgPool2d(3, stride=s, padding=1, count_include_pad=False),
    'max_pool_3x3': lambda C, s: nn.MaxPool2d(3, stride=s, padding=1),
    'skip': lambda C, s: nn.Identity() if s == 1 else FactorizedReduce(C, C),
    'sep_conv_3x3': lambda C, s: nn.Sequential(nn.ReLU(inplace=False), nn.Conv2d(C, C, 3, s, 1, groups=C, bias=False), nn.Conv2d(C, C, 1, bias=False), nn.BatchNorm2d(C, affine=True)),
    'dil_conv_5x5': lambda C, s: nn.Sequential(nn.ReLU(), nn.Conv2d(C, C, 5, s, 4, 2, groups=C, bias=False), nn.Conv2d(C, C, 1, bias=False), nn.BatchNorm2d(C)),
    'conv_7x1_1x7': lambda C, s: nn.Sequential(nn.ReLU(), nn.Conv2d(C, C, (1, 7), (1, s), (0, 3), bias=False), nn.Conv2d(C, C, (7, 1), (s, 1), (3, 0), bias=False), nn.BatchNorm2d(C)),
}


class Zero(nn.Module):
    def __init__(self, stride):
        super().__init__()
        self.stride = stride

    def forward(self, x):
        if self.stride == 1:
            return x.mul(0.)
        return x[:, :, ::self.stride, ::self.stride].mul(0.)


class FactorizedReduce(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.relu = nn.ReLU(inplace=False)
        self.conv_1 = nn.Conv2d(i, o // 2, 1, stride=2, padding=0, bias=False)
        self.conv_2 = nn.Conv2d(i, o // 2, 1, stride=2, padding=0, bias=False)
        self.bn = nn.BatchNorm2d(o)

    def forward(self, x):
        x = self.relu(x)
        out = torch.cat([self.conv_1(x), self.conv_2(x[:, :, 1:, 1:])], dim=1)
        return self.bn(out)


class MixedOp(nn.Module):
    def __init__(self, C, stride):
        super().__init__()
        self._ops = nn.ModuleDict({k: op(C, stride) for k, op in OPS.items()})

    def forward(self, x, weights):
        return sum(w * op(x) for w, op in zip(weights, self._ops.values()))


class Net(nn.Module):
    def __init__(self, C=8, steps=3):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, C, 3, padding=1, bias=False), nn.BatchNorm2d(C))
        self.cells = nn.ModuleList([nn.ModuleList([MixedOp(C, 2 if r and j < 1 else 1) for i in range(steps) for j in range(1 + i)]) for r in (False, True)])
        self.steps = steps
        k = sum(1 + i for i in range(steps))
        self.alphas = nn.ParameterList([nn.Parameter(1e-3 * torch.randn(k, len(OPS))) for _ in range(2)])
        self.gamma = nn.ParameterDict({"a": nn.Parameter(torch.ones(1)), "b": nn.Parameter(torch.zeros(C, 1, 1))})
        self.reduce = nn.ModuleList([nn.Conv2d(C * steps, C, 1) for _ in range(2)])
        self.classifier = nn.Linear(C, 10)

    def forward(self, x):
        x = self.stem(x) * self.gamma["a"] + self.gamma["b"]
        for cell, alpha, red in zip(self.cells, self.alphas, self.reduce):
            weights = F.softmax(alpha, dim=-1)
            states, offset = [x], 0
            for i in range(self.steps):
                s = sum(cell[offset + j](h, weights[offset + j]) for j, h in enumerate(states))
                offset += len(states)
                states.append(s)
            x = red(torch.cat(states[-self.steps:], dim=1))
        return self.classifier(F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1))
