# inputs: 2,9,32
import torch
from torch import nn


class Net(nn.Module):
    """Transformer-XL, Conformer and Music Transformer shifts"""

    def __init__(self, d=32, h=4):
        super().__init__()
        self.h, self.d = h, d // h
        self.qkv, self.r = nn.Linear(d, 3 * d), nn.Linear(d, d, bias=False)
        self.u, self.v = nn.Parameter(torch.zeros(h, self.d)), nn.Parameter(torch.zeros(h, self.d))
        self.E = nn.Parameter(torch.randn(64, self.d))
        self.out = nn.Linear(d, d)

    def xl_shift(self, x):
        zero_pad = torch.zeros((x.size(0), 1, *x.size()[2:]), dtype=x.dtype)
        x_padded = torch.cat([zero_pad, x], dim=1)
        x_padded = x_padded.view(x.size(1) + 1, x.size(0), *x.size()[2:])
        return x_padded[1:].view_as(x)

    def conformer_shift(self, x):
        zero_pad = torch.zeros((*x.size()[:3], 1), device=x.device, dtype=x.dtype)
        x_padded = torch.cat([zero_pad, x], dim=-1)
        x_padded = x_padded.view(*x.size()[:2], x.size(3) + 1, x.size(2))
        x = x_padded[:, :, 1:].view_as(x)[:, :, :, : x.size(-1) // 2 + 1]
        return x

    def skew(self, qe):
        p = nn.functional.pad(qe, (1, 0))
        s = p.shape
        return p.reshape(s[0], s[1], s[3], s[2])[:, :, 1:, :]

    def rel_to_abs(self, x):
        b, h, l, _ = x.shape
        col_pad = torch.zeros((b, h, l, 1))
        x = torch.cat((x, col_pad), dim=3)
        flat_x = x.reshape(b, h, -1)
        flat_pad = torch.zeros((b, h, l - 1))
        flat_x_padded = torch.cat((flat_x, flat_pad), dim=2)
        final_x = flat_x_padded.reshape(b, h, l + 1, 2 * l - 1)
        return final_x[:, :, :l, (l - 1):]

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = (y.view(b, t, self.h, self.d) for y in self.qkv(x).chunk(3, -1))
        pos = self.r(torch.randn(2 * t - 1, self.h * self.d)).view(2 * t - 1, self.h, self.d)
        ac = torch.einsum('bihd,bjhd->bhij', q + self.u, k)
        bd = self.conformer_shift(torch.einsum('bihd,jhd->bhij', q + self.v, pos))
        bd2 = self.rel_to_abs(torch.einsum('bihd,jhd->bhij', q, pos))
        qe = self.skew(torch.einsum('bihd,jd->bhij', q, self.E[:t]))
        xl = torch.einsum('ibhd,jbhd->ijbh', q.transpose(0, 1), k.transpose(0, 1))
        xl = self.xl_shift(xl).permute(2, 3, 0, 1)
        a = (ac + bd + bd2 + qe + xl).softmax(-1)
        return self.out(torch.einsum('bhij,bjhd->bihd', a, v).flatten(2))
