# inputs: 3,8
# finds: CL003
import torch
from torch import nn
from concurrent.futures import ThreadPoolExecutor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList([nn.Linear(8, 4) for _ in range(3)])

    def forward(self, x):
        with ThreadPoolExecutor(2) as ex:
            return torch.cat(list(ex.map(lambda b: b(x), self.branches)), -1)
