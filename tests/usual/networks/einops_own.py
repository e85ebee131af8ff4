# inputs: 2,3,24,36
import re
import torch
from torch import nn
from functools import lru_cache


@lru_cache(maxsize=256)
def parse(side):
    return tuple(tuple(g.strip("()").split()) for g in re.findall(r"\([^)]*\)|\S+", side))


def rearrange(x, pattern, **sizes):
    lhs, rhs = (parse(s.strip()) for s in pattern.split("->"))
    known = dict(sizes)
    flat = []
    for group, size in zip(lhs, x.shape, strict=True):
        unknown = [g for g in group if g not in known]
        prod = 1
        for g in group:
            prod *= known.get(g, 1)
        assert len(unknown) <= 1
        if unknown:
            assert size % prod == 0, (pattern, size, prod)
            known[unknown[0]] = size // prod
        else:
            assert prod == size
        flat.extend(group)
    x = x.reshape([known[a] for a in flat])
    order = [flat.index(a) for g in rhs for a in g]
    x = x.permute(order)
    out = []
    for g in rhs:
        s = 1
        for a in g:
            s *= known[a]
        out.append(s)
    return x.reshape(out)


class R(nn.Module):
    def __init__(self, pattern, **sizes):
        super().__init__()
        self.pattern, self.sizes = pattern, sizes

    def forward(self, x):
        return rearrange(x, self.pattern, **self.sizes)

    def extra_repr(self):
        return self.pattern


class Net(nn.Module):
    def __init__(self, d=32, p=6):
        super().__init__()
        self.patch = nn.Sequential(R("b c (h p) (w q) -> b (h w) (p q c)", p=p, q=p), nn.Linear(3 * p * p, d))
        self.qkv, self.h = nn.Linear(d, 3 * d), 4
        self.back = nn.Linear(d, 3 * p * p)
        self.p = p

    def forward(self, x):
        H, W = x.shape[2:]
        t = self.patch(x)
        q, k, v = rearrange(self.qkv(t), "b n (three h d) -> three b h n d", three=3, h=self.h).unbind(0)
        a = torch.einsum("bhid,bhjd->bhij", q, k).softmax(-1)
        t = t + rearrange(torch.einsum("bhij,bhjd->bhid", a, v), "b h n d -> b n (h d)")
        return rearrange(self.back(t), "b (h w) (p q c) -> b c (h p) (w q)", h=H // self.p, p=self.p, q=self.p)
