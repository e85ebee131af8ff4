# inputs: 6,8 2,20:int64
import torch
from torch import nn


class Propagate(nn.Module):
    """One layer of a graph convolution: the edges as a sparse matrix, normalised by degrees."""

    def __init__(self, d_in, d_out):
        super().__init__()
        self.lin = nn.Linear(d_in, d_out, bias=False)
        self.bias = nn.Parameter(torch.zeros(d_out))

    def forward(self, x, adjacency):
        return torch.sparse.mm(adjacency, self.lin(x)) + self.bias


class Net(nn.Module):
    def __init__(self, hidden=16, classes=3):
        super().__init__()
        self.first = Propagate(8, hidden)
        self.second = Propagate(hidden, classes)
        self.register_buffer('ring', torch.eye(6).roll(1, 0).to_sparse().coalesce())

    def normalised(self, edges, n):
        loops = torch.arange(n, device=edges.device).repeat(2, 1)
        edges = torch.cat([edges, loops], 1)
        ones = torch.ones(edges.size(1), device=edges.device)
        a = torch.sparse_coo_tensor(edges, ones, (n, n))
        if not a.is_coalesced():
            a = a.coalesce()
        row, col = a.indices()
        degree = torch.sparse.sum(a, 1).to_dense()
        weight = a.values() * degree[row].rsqrt() * degree[col].rsqrt()
        return torch.sparse_coo_tensor(a.indices(), weight, a.shape)

    def forward(self, x, edges):
        a = self.normalised(edges, x.size(0))
        assert a.is_sparse and a.layout == torch.sparse_coo
        h = self.first(x, a).relu()
        h = h + self.ring @ h
        attention = (h @ h.T).relu().to_sparse()
        h = h + torch.sparse.softmax(attention, 1).to_dense() @ h
        return self.second(h, a).log_softmax(-1)
