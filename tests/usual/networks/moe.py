# inputs: 2,9,16
import torch
from torch import nn
import torch.nn.functional as F


class Expert(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, 4 * d), nn.ReLU(), nn.Linear(4 * d, d))

    def forward(self, x):
        return self.net(x)


class NoisyTopkRouter(nn.Module):
    def __init__(self, d, e, k):
        super().__init__()
        self.top_k = k
        self.topkroute_linear, self.noise_linear = nn.Linear(d, e), nn.Linear(d, e)

    def forward(self, x):
        logits = self.topkroute_linear(x)
        noise = torch.randn_like(logits) * F.softplus(self.noise_linear(x))
        noisy = logits + noise
        top, idx = noisy.topk(self.top_k, dim=-1)
        zeros = torch.full_like(noisy, float('-inf'))
        sparse = zeros.scatter(-1, idx, top)
        return F.softmax(sparse, dim=-1), idx


class Net(nn.Module):
    def __init__(self, d=16, e=4, k=2):
        super().__init__()
        self.router = NoisyTopkRouter(d, e, k)
        self.experts = nn.ModuleList([Expert(d) for _ in range(e)])
        self.top_k = k
        self.aux_loss = None

    def forward(self, x):
        gating, idx = self.router(x)
        final = torch.zeros_like(x)
        flat = x.view(-1, x.size(-1))
        flat_gate = gating.view(-1, gating.size(-1))
        for i, expert in enumerate(self.experts):
            mask = (idx == i).any(dim=-1)
            flat_mask = mask.view(-1)
            if flat_mask.any():
                expert_input = flat[flat_mask]
                out = expert(expert_input)
                g = flat_gate[flat_mask, i].unsqueeze(1)
                final[mask] += out * g
        importance = gating.sum((0, 1))
        self.aux_loss = (importance.std() / (importance.mean() + 1e-10)) ** 2
        return final
