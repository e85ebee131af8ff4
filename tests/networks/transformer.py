# convlint: target Net 3,10:int64 3,7:int64
import math

import torch
from torch import nn


class Positions(nn.Module):
    def __init__(self, dim, length=64):
        super().__init__()
        at = torch.arange(length).unsqueeze(1)
        div = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
        table = torch.zeros(1, length, dim)
        table[0, :, 0::2] = torch.sin(at * div)
        table[0, :, 1::2] = torch.cos(at * div)
        self.register_buffer("table", table)

    def forward(self, x):
        return x + self.table[:, : x.size(1)]


class Net(nn.Module):
    def __init__(self, words=40, dim=32, heads=4):
        super().__init__()
        self.source = nn.Embedding(words, dim)
        self.target = nn.Embedding(words, dim)
        self.positions = Positions(dim)
        self.model = nn.Transformer(dim, heads, 2, 2, 64, batch_first=True)
        self.pool = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.query = nn.Parameter(torch.randn(1, 1, dim))
        self.out = nn.Linear(dim, words)

    def forward(self, source, target):
        mask = torch.triu(torch.full((target.size(1), target.size(1)), float("-inf")), diagonal=1)
        padding = source == 0
        x = self.positions(self.source(source) * math.sqrt(32))
        y = self.positions(self.target(target) * math.sqrt(32))
        z = self.model(x, y, tgt_mask=mask, memory_key_padding_mask=padding)
        pooled, _ = self.pool(self.query.expand(z.size(0), -1, -1), z, z)
        return self.out(z), pooled.squeeze(1)
