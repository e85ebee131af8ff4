# inputs: h=20,12 edge_index=2,50:int64 e=50,5 batch=20:int64
import torch
from torch import nn


def scatter_sum(src, index, n):
    out = src.new_zeros(n, *src.shape[1:])
    idx = index.view(-1, *[1] * (src.dim() - 1)).expand_as(src)
    return out.scatter_add_(0, idx, src)


class Net(nn.Module):
    def __init__(self, f=12, e=5, d=16, steps=3, graphs=3):
        super().__init__()
        self.graphs = graphs
        self.enc = nn.Linear(f, d)
        self.edge = nn.Sequential(nn.Linear(e, 32), nn.ReLU(), nn.Linear(32, d * d))
        self.gru = nn.GRUCell(d, d)
        self.steps = steps
        self.lstm = nn.LSTMCell(2 * d, d)
        self.out = nn.Linear(2 * d, 1)

    def forward(self, h, edge_index, e, batch):
        src, dst = edge_index
        h = torch.relu(self.enc(h))
        w = self.edge(e).view(-1, h.size(1), h.size(1))
        for _ in range(self.steps):
            m = torch.matmul(h[src].unsqueeze(1), w).squeeze(1)
            agg = scatter_sum(m, dst, h.size(0))
            deg = torch.zeros(h.size(0)).index_add_(0, dst, torch.ones(dst.size(0))).clamp(min=1)
            h = self.gru(agg / deg[:, None], h)
        q_star = h.new_zeros(self.graphs, 2 * h.size(1))
        hc = (h.new_zeros(self.graphs, h.size(1)), h.new_zeros(self.graphs, h.size(1)))
        for _ in range(2):
            q, c = hc = self.lstm(q_star, hc)
            a = (h * q[batch]).sum(-1, keepdim=True)
            a = (a - a.max()).exp()
            a = a / (scatter_sum(a, batch, self.graphs)[batch] + 1e-16)
            r = scatter_sum(a * h, batch, self.graphs)
            q_star = torch.cat([q, r], dim=-1)
        return self.out(q_star).squeeze(-1)
