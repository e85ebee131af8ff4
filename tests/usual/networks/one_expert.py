# inputs: 4,3,17,17
import torch
from torch import nn
import torch.nn.functional as F


class SplAt(nn.Module):
    def __init__(self, c, radix=2, card=1):
        super().__init__()
        self.radix, self.card = radix, card
        self.conv = nn.Conv2d(c, c * radix, 3, padding=1, groups=card * radix if c % (card * radix) == 0 else 1)
        self.fc1, self.fc2 = nn.Conv2d(c, 8, 1, groups=card), nn.Conv2d(8, c * radix, 1, groups=card)
        self.bn1 = nn.BatchNorm2d(8)

    def rsoftmax(self, x):
        batch = x.size(0)
        if self.radix > 1:
            x = x.view(batch, self.card, self.radix, -1).transpose(1, 2)
            x = F.softmax(x, dim=1)
            return x.reshape(batch, -1)
        return torch.sigmoid(x)

    def forward(self, x):
        x = self.conv(x)
        B, RC, H, W = x.shape
        if self.radix > 1:
            x = x.reshape((B, self.radix, RC // self.radix, H, W))
            gap = x.sum(dim=1)
        else:
            gap = x
        gap = gap.mean((2, 3), keepdim=True)
        attn = self.rsoftmax(self.fc2(F.relu(self.bn1(self.fc1(gap))))).view(B, -1, 1, 1)
        if self.radix > 1:
            return (x * attn.reshape((B, self.radix, RC // self.radix, 1, 1))).sum(1).contiguous()
        return x * attn


class ASPP(nn.Module):
    def __init__(self, i, o, rates=(2, 4, 6)):
        super().__init__()
        m = [nn.Sequential(nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())]
        m += [nn.Sequential(nn.Conv2d(i, o, 3, padding=r, dilation=r, bias=False), nn.BatchNorm2d(o), nn.ReLU()) for r in rates]
        self.convs = nn.ModuleList(m)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(i, o, 1, bias=True), nn.ReLU())
        self.project = nn.Conv2d(o * (2 + len(rates)), o, 1)

    def forward(self, x):
        res = [c(x) for c in self.convs]
        res.append(F.interpolate(self.pool(x), size=x.shape[-2:], mode='bilinear', align_corners=False))
        return self.project(torch.cat(res, 1))


class PPM(nn.Module):
    def __init__(self, i, o, bins=(1, 2, 3, 6)):
        super().__init__()
        self.features = nn.ModuleList([nn.Sequential(nn.AdaptiveAvgPool2d(b), nn.Conv2d(i, o, 1), nn.ReLU(inplace=True)) for b in bins])

    def forward(self, x):
        x_size = x.size()
        out = [x]
        for f in self.features:
            out.append(F.interpolate(f(x), x_size[2:], mode='bilinear', align_corners=True))
        return torch.cat(out, 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 1, 1)
        self.a, self.b = SplAt(16), SplAt(16, radix=1)
        self.aspp, self.ppm = ASPP(16, 8), PPM(8, 4)
        self.out = nn.Conv2d(24, 5, 1)
        self.drop = nn.Dropout2d(0.1)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = F.relu(self.b(F.relu(self.a(x))))
        return self.out(self.drop(self.ppm(self.aspp(x))))
