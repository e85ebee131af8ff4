# inputs: 6,3,20,20
import torch
from torch import nn


class Net(nn.Module):
    """Ghost batch norm, micro batches and minibatch discrimination"""

    def __init__(self, virtual=4):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.virtual = virtual
        self.fc = nn.Linear(9, 2)
        self.group_size = 4

    def stddev(self, x):
        size = x.size()
        g = min(size[0], self.group_size)
        if size[0] % g != 0:
            g = size[0]
        G = size[0] // g
        if g > 1:
            y = x.view(-1, g, 1, size[1], size[2], size[3])
            y = torch.var(y, 1, unbiased=False)
            y = torch.sqrt(y + 1e-8)
            y = y.view(G, -1).mean(dim=1).view(G, 1)
            y = y.expand(G, size[2] * size[3]).view((G, 1, 1, size[2], size[3]))
            y = y.expand(G, g, -1, -1, -1).contiguous().view((-1, 1, size[2], size[3]))
        else:
            y = torch.zeros(x.size(0), 1, x.size(2), x.size(3))
        return torch.cat([x, y], dim=1)

    def forward(self, x):
        x = self.conv(x)
        n = x.shape[0]
        chunks = x.chunk(int(-(-n // self.virtual)), 0)
        x = torch.cat([self.bn(c) for c in chunks], 0)
        x = self.stddev(x)
        return self.fc(x.mean((-1, -2)))
