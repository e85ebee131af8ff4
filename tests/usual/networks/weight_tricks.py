# inputs: 4,6,16,16
import math
import torch
from torch import nn
import torch.nn.functional as F


class Deform(nn.Module):
    """deformable convolution by hand"""

    def __init__(self, i, o, k=3):
        super().__init__()
        self.k = k
        self.p = nn.Conv2d(i, 2 * k * k, 3, padding=1)
        self.m = nn.Conv2d(i, k * k, 3, padding=1)
        self.conv = nn.Conv2d(i, o, k, stride=k, bias=False)
        self.zero_padding = nn.ZeroPad2d(1)

    def forward(self, x):
        offset = self.p(x)
        m = torch.sigmoid(self.m(x))
        N = offset.size(1) // 2
        x = self.zero_padding(x)
        b, _, h, w = offset.shape
        px, py = torch.meshgrid(torch.arange(-1, 2), torch.arange(-1, 2), indexing="ij")
        pn = torch.cat([px.flatten(), py.flatten()], 0).view(1, 2 * N, 1, 1)
        p0x, p0y = torch.meshgrid(torch.arange(1, h + 1), torch.arange(1, w + 1), indexing="ij")
        p0 = torch.cat([p0x.flatten().view(1, 1, h, w).repeat(1, N, 1, 1), p0y.flatten().view(1, 1, h, w).repeat(1, N, 1, 1)], 1)
        p = (p0 + pn + offset).contiguous().permute(0, 2, 3, 1)
        q_lt = p.detach().floor()
        q = torch.cat([q_lt[..., :N].clamp(0, x.size(2) - 1), q_lt[..., N:].clamp(0, x.size(3) - 1)], -1).long()
        padded_w = x.size(3)
        c = x.size(1)
        xf = x.contiguous().view(b, c, -1)
        index = q[..., :N] * padded_w + q[..., N:]
        index = index.contiguous().unsqueeze(1).expand(-1, c, -1, -1, -1).contiguous().view(b, c, -1)
        xo = xf.gather(-1, index).contiguous().view(b, c, h, w, N)
        xo = xo * m.permute(0, 2, 3, 1).unsqueeze(1)
        ks = self.k
        xo = torch.cat([xo[..., s:s + ks].contiguous().view(b, c, h, w * ks) for s in range(0, N, ks)], dim=-1)
        xo = xo.contiguous().view(b, c, h * ks, w * ks)
        return self.conv(xo)


class CondConv(nn.Module):
    def __init__(self, i, o, k=4):
        super().__init__()
        self.w = nn.Parameter(torch.randn(k, o, i, 3, 3))
        self.r = nn.Linear(i, k)

    def forward(self, x):
        b, c, h, w = x.shape
        g = self.r(F.adaptive_avg_pool2d(x, 1).flatten(1)).sigmoid()
        weight = (g @ self.w.flatten(1)).view(b * self.w.size(1), c, 3, 3)
        x = x.contiguous().view(1, b * c, h, w)
        return F.conv2d(x, weight, padding=1, groups=b).view(b, self.w.size(1), h, w)


class ODConv(nn.Module):
    def __init__(self, i, o, k=3, n=2):
        super().__init__()
        self.i, self.o, self.k, self.n = i, o, k, n
        self.weight = nn.Parameter(torch.randn(n, o, i, k, k))
        self.att = nn.Conv2d(i, i + o + k * k + n, 1)

    def forward(self, x):
        a = self.att(F.adaptive_avg_pool2d(x, 1))
        ca, fa, sa, ka = a.split([self.i, self.o, self.k ** 2, self.n], 1)
        fa = fa.view(-1, self.o, 1, 1).sigmoid()
        sa = sa.view(sa.size(0), 1, 1, 1, self.k, self.k).sigmoid()
        ka = F.softmax(ka.view(ka.size(0), -1, 1, 1, 1, 1), dim=1)
        b, c, h, w = x.size()
        x = (x * ca.sigmoid()).reshape(1, -1, h, w)
        agg = (sa * ka * self.weight.unsqueeze(0)).sum(1).view([-1, c, self.k, self.k])
        out = F.conv2d(x, weight=agg, bias=None, padding=1, groups=b)
        return out.view(b, self.o, out.size(-2), out.size(-1)) * fa


class PConv(nn.Conv2d):
    """partial convolution"""

    def __init__(self, *a, **k):
        super().__init__(*a, **k)
        self.register_buffer("ones", torch.ones(1, 1, *self.kernel_size))

    def forward(self, x, mask=None):
        if mask is None:
            mask = torch.ones(1, 1, *x.shape[2:])
        with torch.no_grad():
            um = F.conv2d(mask, self.ones, stride=self.stride, padding=self.padding)
            ratio = self.ones.numel() / (um + 1e-8)
            um = um.clamp(0, 1)
            ratio = ratio * um
        raw = super().forward(x * mask)
        if self.bias is not None:
            b = self.bias.view(1, self.out_channels, 1, 1)
            out = ((raw - b) * ratio + b) * um
        else:
            out = raw * ratio
        return out, um


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.d, self.c, self.o, self.p = Deform(6, 8), CondConv(8, 8), ODConv(8, 8), PConv(8, 4, 3, 2, 1)

    def forward(self, x):
        x = self.o(self.c(self.d(x).relu()).relu()).relu()
        y, m = self.p(x)
        return y, m
