# inputs: 2,16,20,24
import torch
from torch import nn
import torch.nn.functional as F


class Involution(nn.Module):
    def __init__(self, c, k=7, s=1, g=4):
        super().__init__()
        self.k, self.s, self.g, self.gc = k, s, c // g, g
        self.conv1 = nn.Sequential(nn.Conv2d(c, c // 4, 1), nn.BatchNorm2d(c // 4), nn.ReLU())
        self.conv2 = nn.Conv2d(c // 4, k ** 2 * self.g, 1)
        if s > 1:
            self.avgpool = nn.AvgPool2d(s, s)
        self.unfold = nn.Unfold(k, 1, (k - 1) // 2, s)

    def forward(self, x):
        weight = self.conv2(self.conv1(x if self.s == 1 else self.avgpool(x)))
        b, c, h, w = weight.shape
        weight = weight.view(b, self.g, self.k ** 2, h, w).unsqueeze(2)
        out = self.unfold(x).view(b, self.g, self.gc, self.k ** 2, h, w)
        return (weight * out).sum(dim=3).view(b, -1, h, w)


class Carafe(nn.Module):
    def __init__(self, c, m=8, s=2, k_up=5, k_enc=3):
        super().__init__()
        self.s, self.k_up = s, k_up
        self.comp = nn.Conv2d(c, m, 1)
        self.enc = nn.Conv2d(m, (s * k_up) ** 2, k_enc, padding=k_enc // 2)
        self.pix = nn.PixelShuffle(s)
        self.up = nn.Upsample(scale_factor=s, mode='nearest')
        self.unf = nn.Unfold(k_up, dilation=s, padding=k_up // 2 * s)

    def forward(self, X):
        b, c, h, w = X.size()
        h_, w_ = h * self.s, w * self.s
        W = F.softmax(self.pix(self.enc(self.comp(X))), dim=1)
        X = self.unf(self.up(X)).view(b, c, -1, h_, w_)
        return torch.einsum('bkhw,bckhw->bchw', [W, X])


class LocalAttn(nn.Module):
    def __init__(self, c, k=3):
        super().__init__()
        self.k = k
        self.q, self.kv = nn.Conv2d(c, c, 1), nn.Conv2d(c, 2 * c, 1)
        self.rel_h, self.rel_w = nn.Parameter(torch.randn(c // 2, 1, 1, k, 1)), nn.Parameter(torch.randn(c // 2, 1, 1, 1, k))

    def forward(self, x):
        b, c, h, w = x.shape
        p = F.pad(x, [self.k // 2] * 4)
        q = self.q(x)
        k, v = self.kv(p).chunk(2, 1)
        k = k.unfold(2, self.k, 1).unfold(3, self.k, 1)
        v = v.unfold(2, self.k, 1).unfold(3, self.k, 1)
        kh, kw = k.split(c // 2, dim=1)
        k = torch.cat((kh + self.rel_h, kw + self.rel_w), dim=1)
        k = k.contiguous().view(b, 4, c // 4, h, w, -1)
        v = v.contiguous().view(b, 4, c // 4, h, w, -1)
        q = q.view(b, 4, c // 4, h, w, 1)
        out = F.softmax(q * k, dim=-1)
        return torch.einsum('bnchwk,bnchwk -> bnchw', out, v).view(b, -1, h, w)


class Net(nn.Module):
    def __init__(self, c=16):
        super().__init__()
        self.i1, self.i2 = Involution(c), Involution(c, 3, 2)
        self.la, self.ca = LocalAttn(c), Carafe(c)

    def forward(self, x):
        y = self.ca(self.la(self.i2(self.i1(x))))
        patches = F.unfold(y, (4, 4), stride=(2, 2))
        norm = F.fold(F.unfold(torch.ones_like(y), 4, stride=2), y.shape[2:], 4, stride=2)
        return F.fold(patches, output_size=y.shape[-2:], kernel_size=4, stride=2) / norm
