# inputs: 2,16,32
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    """Heads of queries share keys, and a cache of batch one goes before them."""

    def __init__(self, width=32, heads=8, shared=2):
        super().__init__()
        self.heads, self.shared = heads, shared
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * shared * width // heads)
        self.prefix = nn.Parameter(torch.randn(1, shared, 3, width // heads))
        self.out = nn.Linear(width, width)

    def forward(self, x):
        b, t, _ = x.shape
        q = self.q(x).view(b, t, self.heads, -1).transpose(1, 2)
        k, v = self.kv(x).view(b, t, 2 * self.shared, -1).transpose(1, 2).chunk(2, 1)
        k = torch.cat([self.prefix.expand(b, -1, -1, -1), k], 2)
        v = torch.cat([self.prefix.expand(b, -1, -1, -1), v], 2)
        mask = torch.ones(t, t + 3, dtype=torch.bool).tril(3)
        found = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
        return self.out(found.transpose(1, 2).reshape(b, t, -1))
