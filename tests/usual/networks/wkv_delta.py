# inputs: 2,12,16
import torch
from torch import nn


class Net(nn.Module):
    """RWKV time mixing, delta rule, chunked linear attention"""

    def __init__(self, d=16, h=2, chunk=4):
        super().__init__()
        self.h, self.chunk = h, chunk
        self.time_shift = nn.ZeroPad2d((0, 0, 1, -1))
        self.mix = nn.ParameterDict({k: nn.Parameter(torch.rand(1, 1, d)) for k in "kvr"})
        self.k, self.v, self.r, self.o = (nn.Linear(d, d, bias=False) for _ in range(4))
        self.decay, self.first = nn.Parameter(torch.zeros(d)), nn.Parameter(torch.zeros(d))
        self.beta = nn.Linear(d, h)

    def wkv(self, k, v):
        B, T, C = k.shape
        a = b = torch.zeros(B, C)
        p = torch.full((B, C), -1e38)
        out = torch.empty_like(v)
        w = -self.decay.exp()
        for t in range(T):
            kk, vv = k[:, t], v[:, t]
            ww = self.first + kk
            q = torch.maximum(p, ww)
            e1, e2 = (p - q).exp(), (ww - q).exp()
            out[:, t] = (e1 * a + e2 * vv) / (e1 * b + e2)
            ww = p + w
            q = torch.maximum(ww, kk)
            e1, e2 = (ww - q).exp(), (kk - q).exp()
            a, b, p = e1 * a + e2 * vv, e1 * b + e2, q
        return out

    def chunked(self, q, k, v):
        b, h, t, d = q.shape
        c = self.chunk
        q, k, v = (y.view(b, h, t // c, c, d) for y in (q, k, v))
        kv = k.transpose(-1, -2) @ v
        kv = kv.cumsum(2)
        kv = torch.cat([torch.zeros_like(kv[:, :, :1]), kv[:, :, :-1]], dim=2)
        inter = q @ kv
        mask = torch.triu(torch.ones(c, c, dtype=torch.bool), 1)
        intra = ((q @ k.transpose(-1, -2)).masked_fill_(mask, 0)) @ v
        return (inter + intra).flatten(2, 3)

    def delta(self, q, k, v, beta):
        b, h, t, d = q.shape
        S = q.new_zeros(b, h, d, d)
        o = []
        for i in range(t):
            _k, _v, _q = k[:, :, i], v[:, :, i].clone(), q[:, :, i]
            _v = (_v - (S.clone() * _k[..., None]).sum(-2)) * beta[:, :, i, None]
            S = S.clone() + _k.unsqueeze(-1) * _v.unsqueeze(-2)
            o.append(torch.einsum('bhd,bhdm->bhm', _q, S))
        return torch.stack(o, dim=2)

    def forward(self, x):
        xx = self.time_shift(x)
        k, v, r = (getattr(self, n)(x * m + xx * (1 - m)) for n, m in sorted(self.mix.items()))
        y = torch.sigmoid(r) * self.wkv(k, v)
        split = lambda t: t.view(*t.shape[:2], self.h, -1).transpose(1, 2)
        q, k, v = map(split, (r, k, v))
        z = self.chunked(q, k, v) + self.delta(q, k, v, self.beta(x).sigmoid().transpose(1, 2))
        return self.o(y + z.transpose(1, 2).flatten(2))
