# inputs: 3,5,3
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.m = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
        self.register_buffer("mu", torch.linspace(0, 5, 16))

    @torch.enable_grad()
    def forward(self, pos):
        pos = pos.detach().requires_grad_(True)
        diff = pos[:, :, None] - pos[:, None]
        n = pos.size(1)
        mask = ~torch.eye(n, dtype=torch.bool)
        diff = diff[:, mask].view(pos.size(0), n, n - 1, 3)
        r = (diff.square().sum(-1) + 1e-9).sqrt()
        rbf = torch.exp(-(r.unsqueeze(-1) - self.mu) ** 2)
        e = self.m(rbf).sum((1, 2, 3))
        f, = torch.autograd.grad(e.sum(), pos, create_graph=True, retain_graph=True)
        return e, -f
