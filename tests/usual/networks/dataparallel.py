# inputs: 3,3,16,16
import torch
from torch import nn


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3)
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        with torch.profiler.record_function("inner"), torch.random.fork_rng():
            if self.training:
                self.count += 1
            return self.c(x) * (1 + self.count)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.DataParallel(Inner())

    def forward(self, x):
        y = self.net(x)
        y = torch.utils._pytree.tree_map(torch.relu, {"a": [y, y * 2]})
        return sum(y["a"]).amax((-1, -2))
