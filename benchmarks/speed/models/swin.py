# convlint: target Net 1,3,224,224
"""Swin-T (Liu and others, 2021), as torchvision has it: shifted windows, relative positions."""

import torch
import torch.nn.functional as F
from torch import nn


class WindowAttention(nn.Module):
    def __init__(self, dim, heads, window, shift):
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.table, std=0.02)
        coords = torch.stack(
            torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
        ).flatten(1)
        relative = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0).contiguous()
        relative[:, :, 0] += window - 1
        relative[:, :, 1] += window - 1
        relative[:, :, 0] *= 2 * window - 1
        self.register_buffer("index", relative.sum(-1).flatten())

    def forward(self, x):
        b, height, width, c = x.shape
        w, heads = self.window, self.heads
        right, below = (w - width % w) % w, (w - height % w) % w
        x = F.pad(x, (0, 0, 0, right, 0, below))
        _, h, wide, _ = x.shape
        shift = [0 if w >= h else self.shift, 0 if w >= wide else self.shift]
        if sum(shift) > 0:
            x = torch.roll(x, shifts=(-shift[0], -shift[1]), dims=(1, 2))
        windows = (h // w) * (wide // w)
        x = x.view(b, h // w, w, wide // w, w, c)
        x = x.permute(0, 1, 3, 2, 4, 5).reshape(b * windows, w * w, c)
        qkv = self.qkv(x).reshape(x.size(0), x.size(1), 3, heads, c // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        attention = (q * (c // heads) ** -0.5).matmul(k.transpose(-2, -1))
        bias = self.table[self.index].view(w * w, w * w, -1).permute(2, 0, 1).contiguous()
        attention = attention + bias.unsqueeze(0)
        if sum(shift) > 0:
            mask = x.new_zeros((h, wide))
            rows = ((0, -w), (-w, -shift[0]), (-shift[0], None))
            columns = ((0, -w), (-w, -shift[1]), (-shift[1], None))
            count = 0
            for top, bottom in rows:
                for left, end in columns:
                    mask[top:bottom, left:end] = count
                    count += 1
            mask = mask.view(h // w, w, wide // w, w).permute(0, 2, 1, 3).reshape(windows, w * w)
            mask = mask.unsqueeze(1) - mask.unsqueeze(2)
            mask = mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)
            attention = attention.view(b, windows, heads, w * w, w * w)
            attention = attention + mask.unsqueeze(1).unsqueeze(0)
            attention = attention.view(-1, heads, w * w, w * w)
        x = F.softmax(attention, dim=-1).matmul(v).transpose(1, 2).reshape(x.size(0), x.size(1), c)
        x = self.proj(x).view(b, h // w, wide // w, w, w, c)
        x = x.permute(0, 1, 3, 2, 4, 5).reshape(b, h, wide, c)
        if sum(shift) > 0:
            x = torch.roll(x, shifts=(shift[0], shift[1]), dims=(1, 2))
        return x[:, :height, :width, :].contiguous()


class Block(nn.Module):
    def __init__(self, dim, heads, window, shift):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-5)
        self.attention = WindowAttention(dim, heads, window, shift)
        self.norm2 = nn.LayerNorm(dim, eps=1e-5)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchMerging(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(4 * dim, eps=1e-5)
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, x):
        height, width, _ = x.shape[-3:]
        x = F.pad(x, (0, 0, 0, width % 2, 0, height % 2))
        parts = [x[..., i::2, j::2, :] for j in (0, 1) for i in (0, 1)]
        return self.reduction(self.norm(torch.cat(parts, -1)))


class Net(nn.Module):
    def __init__(self, dim=96, depths=(2, 2, 6, 2), heads=(3, 6, 12, 24), window=7, classes=1000):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, 4, stride=4)
        self.norm0 = nn.LayerNorm(dim, eps=1e-5)
        layers = []
        for i, depth in enumerate(depths):
            for j in range(depth):
                layers.append(Block(dim, heads[i], window, 0 if j % 2 == 0 else window // 2))
            if i < len(depths) - 1:
                layers.append(PatchMerging(dim))
                dim *= 2
        self.layers = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(dim, eps=1e-5)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        x = self.norm0(self.patches(x).permute(0, 2, 3, 1))
        x = self.norm(self.layers(x)).permute(0, 3, 1, 2)
        return self.head(self.pool(x).flatten(1))
