# inputs: 4,3,32,32
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    """Learned queries of batch one over the tokens of every image, as Perceiver has them."""

    def __init__(self, queries=6, heads=4, width=32):
        super().__init__()
        self.heads, self.width = heads, width
        self.patches = nn.Conv2d(3, width, 8, 8)
        self.queries = nn.Parameter(torch.randn(1, heads, queries, width // heads))
        self.keys, self.values = nn.Linear(width, width), nn.Linear(width, width)
        self.head = nn.Linear(width, 5)

    def split(self, x):
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        seen = tokens.abs().sum(2) > 0
        mask = seen[:, None, None].expand(-1, self.heads, self.queries.shape[2], -1)
        keys, values = self.split(self.keys(tokens)), self.split(self.values(tokens))
        found = F.scaled_dot_product_attention(self.queries, keys, values, attn_mask=mask)
        return self.head(found.transpose(1, 2).flatten(2).mean(1))
