# inputs: 50,3
import torch
from torch import nn


class Net(nn.Module):
    """DGCNN without batch"""

    def __init__(self, k=8):
        super().__init__()
        self.k = k
        self.m1, self.m2 = nn.Linear(6, 16), nn.Linear(32, 16)
        self.head = nn.Linear(16, 1)

    def edge(self, x, m):
        d = torch.cdist(x, x)
        idx = d.topk(self.k, largest=False).indices
        nb = x[idx.view(-1)].view(x.size(0), self.k, -1)
        ctr = x.unsqueeze(1).expand_as(nb)
        return torch.relu(m(torch.cat([ctr, nb - ctr], -1))).max(1)[0]

    def forward(self, pos):
        x = self.edge(self.edge(pos, self.m1), self.m2)
        return self.head(x.max(0, keepdim=True)[0]).squeeze(0)
