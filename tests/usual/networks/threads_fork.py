# inputs: 3,8
# finds: CL003
import torch
from torch import nn
from concurrent.futures import ThreadPoolExecutor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList([nn.Linear(8, 4) for _ in range(3)])
        self.out = nn.Linear(12, 2)

    def forward(self, x):
        futs = [torch.jit.fork(b, x) for b in self.branches]
        y = torch.cat([torch.jit.wait(f) for f in futs], -1)
        with ThreadPoolExecutor(2) as ex:
            z = torch.cat(list(ex.map(lambda b: b(x), self.branches)), -1)
        return self.out(y + z)
