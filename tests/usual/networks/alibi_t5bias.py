# inputs: 2,17,48
import math
import torch
from torch import nn


def get_slopes(n):
    def get_slopes_power_of_2(n):
        start = (2 ** (-2 ** -(math.log2(n) - 3)))
        ratio = start
        return [start * ratio ** i for i in range(n)]
    if math.log2(n).is_integer():
        return get_slopes_power_of_2(n)
    closest_power_of_2 = 2 ** math.floor(math.log2(n))
    return get_slopes_power_of_2(closest_power_of_2) + get_slopes(2 * closest_power_of_2)[0::2][:n - closest_power_of_2]


class T5Bias(nn.Module):
    def __init__(self, scale, causal=False, num_buckets=32, max_distance=128, heads=6):
        super().__init__()
        self.scale, self.causal, self.num_buckets, self.max_distance = scale, causal, num_buckets, max_distance
        self.relative_attention_bias = nn.Embedding(num_buckets, heads)

    @staticmethod
    def _relative_position_bucket(relative_position, causal=True, num_buckets=32, max_distance=128):
        ret = 0
        n = -relative_position
        if not causal:
            num_buckets //= 2
            ret += (n < 0).long() * num_buckets
            n = torch.abs(n)
        else:
            n = torch.max(n, torch.zeros_like(n))
        max_exact = num_buckets // 2
        is_small = n < max_exact
        val_if_large = max_exact + (torch.log(n.float() / max_exact) / math.log(max_distance / max_exact) * (num_buckets - max_exact)).long()
        val_if_large = torch.min(val_if_large, torch.full_like(val_if_large, num_buckets - 1))
        ret += torch.where(is_small, n, val_if_large)
        return ret

    def forward(self, qk_dots):
        i, j, device = *qk_dots.shape[-2:], qk_dots.device
        q_pos = torch.arange(i, dtype=torch.long, device=device)
        k_pos = torch.arange(j, dtype=torch.long, device=device)
        rel_pos = k_pos[None, :] - q_pos[:, None]
        rp_bucket = self._relative_position_bucket(rel_pos, causal=self.causal, num_buckets=self.num_buckets, max_distance=self.max_distance)
        values = self.relative_attention_bias(rp_bucket)
        bias = values.permute(2, 0, 1).unsqueeze(0)
        return qk_dots + (bias * self.scale)


class Alibi(nn.Module):
    def __init__(self, heads):
        super().__init__()
        slopes = torch.Tensor(get_slopes(heads)).view(1, heads, 1, 1)
        self.register_buffer('slopes', slopes, persistent=False)
        self.register_buffer('bias', None, persistent=False)

    def forward(self, dots):
        h, i, j = dots.shape[-3:]
        if self.bias is not None and self.bias.shape[-1] >= j and self.bias.shape[-2] >= i:
            return dots + self.bias[..., :i, :j]
        bias = -torch.abs(torch.arange(j)[None, None, None, :] - torch.arange(i)[None, None, :, None])
        bias = bias * self.slopes
        num_heads_unalibied = h - bias.shape[1]
        bias = nn.functional.pad(bias, (0, 0, 0, 0, 0, num_heads_unalibied))
        self.register_buffer('bias', bias, persistent=False)
        return dots + self.bias


class Attn(nn.Module):
    def __init__(self, dim, heads, pos):
        super().__init__()
        self.h = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.pos = pos

    def forward(self, x):
        b, n, d = x.size()
        q, k, v = (t.reshape(b, n, self.h, -1).transpose(1, 2) for t in self.qkv(x).split(d, -1))
        dots = torch.einsum('bhid,bhjd->bhij', q, k) * (d // self.h) ** -.5
        dots = self.pos(dots)
        causal = torch.ones(n, n, dtype=torch.bool).triu(1)
        dots.masked_fill_(causal, -torch.finfo(dots.dtype).max)
        return self.out(torch.einsum('bhij,bhjd->bhid', dots.softmax(-1), v).transpose(1, 2).reshape(b, n, d))


class Net(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        bias = T5Bias(scale=8 ** 0.5, heads=6)
        self.blocks = nn.ModuleList([Attn(dim, 6, bias), Attn(dim, 6, bias), Attn(dim, 6, Alibi(4)), Attn(dim, 6, Alibi(6))])
        self.norms = nn.ModuleList([nn.LayerNorm(dim) for _ in self.blocks])

    def forward(self, x):
        for n, b in zip(self.norms, self.blocks):
            x = b(n(x)) + x
        return x
