# inputs: 2,4
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(4, 3), nn.Linear(4, 3)

    @torch.no_grad()
    def update(self):
        for q, k in zip(self.q.parameters(), self.k.parameters()):
            k.data.mul_(0.9).add_(q.data, alpha=0.1)

    def forward(self, x):
        self.update()
        return self.q(x), self.k(x).detach()
