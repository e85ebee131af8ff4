# inputs: 2,3,96,64
import math
import torch
from torch import nn


def autopad(k, p=None, d=1):
    if d > 1:
        k = d * (k - 1) + 1 if isinstance(k, int) else [d * (x - 1) + 1 for x in k]
    if p is None:
        p = k // 2 if isinstance(k, int) else [x // 2 for x in k]
    return p


class Conv(nn.Module):
    default_act = nn.SiLU()

    def __init__(self, c1, c2, k=1, s=1, p=None, g=1, d=1, act=True):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, autopad(k, p, d), groups=g, dilation=d, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = self.default_act if act is True else act if isinstance(act, nn.Module) else nn.Identity()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))

    def forward_fuse(self, x):
        return self.act(self.conv(x))


class Bottleneck(nn.Module):
    def __init__(self, c1, c2, shortcut=True, g=1, e=0.5):
        super().__init__()
        c_ = int(c2 * e)
        self.cv1, self.cv2 = Conv(c1, c_, 1, 1), Conv(c_, c2, 3, 1, g=g)
        self.add = shortcut and c1 == c2

    def forward(self, x):
        return x + self.cv2(self.cv1(x)) if self.add else self.cv2(self.cv1(x))


class C2f(nn.Module):
    def __init__(self, c1, c2, n=1, shortcut=False, g=1, e=0.5):
        super().__init__()
        self.c = int(c2 * e)
        self.cv1 = Conv(c1, 2 * self.c, 1, 1)
        self.cv2 = Conv((2 + n) * self.c, c2, 1)
        self.m = nn.ModuleList(Bottleneck(self.c, self.c, shortcut, g, e=1.0) for _ in range(n))

    def forward(self, x):
        y = list(self.cv1(x).chunk(2, 1))
        y.extend(m(y[-1]) for m in self.m)
        return self.cv2(torch.cat(y, 1))


class SPPF(nn.Module):
    def __init__(self, c1, c2, k=5):
        super().__init__()
        c_ = c1 // 2
        self.cv1, self.cv2 = Conv(c1, c_, 1, 1), Conv(c_ * 4, c2, 1, 1)
        self.m = nn.MaxPool2d(kernel_size=k, stride=1, padding=k // 2)

    def forward(self, x):
        x = self.cv1(x)
        y1 = self.m(x)
        y2 = self.m(y1)
        return self.cv2(torch.cat((x, y1, y2, self.m(y2)), 1))


class Concat(nn.Module):
    def __init__(self, dimension=1):
        super().__init__()
        self.d = dimension

    def forward(self, x):
        return torch.cat(x, self.d)


class DFL(nn.Module):
    def __init__(self, c1=16):
        super().__init__()
        self.conv = nn.Conv2d(c1, 1, 1, bias=False).requires_grad_(False)
        x = torch.arange(c1, dtype=torch.float)
        self.conv.weight.data[:] = nn.Parameter(x.view(1, c1, 1, 1))
        self.c1 = c1

    def forward(self, x):
        b, c, a = x.shape
        return self.conv(x.view(b, 4, self.c1, a).transpose(2, 1).softmax(1)).view(b, 4, a)


def make_anchors(feats, strides, off=0.5):
    ps, ss = [], []
    for i, stride in enumerate(strides):
        h, w = feats[i].shape[-2:]
        sx = torch.arange(end=w, dtype=torch.float) + off
        sy = torch.arange(end=h, dtype=torch.float) + off
        sy, sx = torch.meshgrid(sy, sx, indexing='ij')
        ps.append(torch.stack((sx, sy), -1).view(-1, 2))
        ss.append(torch.full((h * w, 1), stride, dtype=torch.float))
    return torch.cat(ps), torch.cat(ss)


class Detect(nn.Module):
    dynamic, export, shape = False, False, None
    anchors, strides = torch.empty(0), torch.empty(0)

    def __init__(self, nc=5, ch=()):
        super().__init__()
        self.nc, self.nl, self.reg_max = nc, len(ch), 8
        self.no = nc + self.reg_max * 4
        self.stride = torch.tensor([4., 8.])
        self.cv2 = nn.ModuleList(nn.Sequential(Conv(x, 16, 3), nn.Conv2d(16, 4 * self.reg_max, 1)) for x in ch)
        self.cv3 = nn.ModuleList(nn.Sequential(Conv(x, 16, 3), nn.Conv2d(16, self.nc, 1)) for x in ch)
        self.dfl = DFL(self.reg_max)

    def forward(self, x):
        shape = x[0].shape
        for i in range(self.nl):
            x[i] = torch.cat((self.cv2[i](x[i]), self.cv3[i](x[i])), 1)
        if self.training:
            return x
        elif self.dynamic or self.shape != shape:
            self.anchors, self.strides = (t.transpose(0, 1) for t in make_anchors(x, self.stride, 0.5))
            self.shape = shape
        box, cls = torch.cat([xi.view(shape[0], self.no, -1) for xi in x], 2).split((self.reg_max * 4, self.nc), 1)
        lt, rb = self.dfl(box).chunk(2, 1)
        x1y1, x2y2 = self.anchors.unsqueeze(0) - lt, self.anchors.unsqueeze(0) + rb
        dbox = torch.cat(((x1y1 + x2y2) / 2, x2y2 - x1y1), 1) * self.strides
        y = torch.cat((dbox, cls.sigmoid()), 1)
        return y, x


CFG = [[-1, Conv, [16, 3, 2]], [-1, Conv, [16, 3, 2]], [-1, C2f, [16, 2, True]], [-1, Conv, [32, 3, 2]], [-1, SPPF, [32, 5]],
       [-1, nn.Upsample, [None, 2, 'nearest']], [[-1, 2], Concat, [1]], [-1, C2f, [16, 1]], [-1, Conv, [16, 3, 2]], [[-1, 4], Concat, [1]], [-1, C2f, [32, 1]], [[7, 10], Detect, [5]]]


class Net(nn.Module):
    def __init__(self, cfg=CFG):
        super().__init__()
        layers, save, ch = [], [], [3]
        for i, (f, m, args) in enumerate(cfg):
            if m in (Conv, C2f, SPPF):
                c1, c2 = ch[f], args[0]
                args = [c1, c2, *args[1:]]
            elif m is Concat:
                c2 = sum(ch[x] if x == -1 else ch[x + 1] for x in f)
            elif m is Detect:
                args = [*args, [ch[x + 1] for x in f]]
            else:
                c2 = ch[f]
            m_ = m(*args)
            m_.i, m_.f = i, f
            save.extend(x % i for x in ([f] if isinstance(f, int) else f) if x != -1)
            layers.append(m_)
            ch.append(c2)
        self.model, self.save = nn.Sequential(*layers), sorted(save)

    def forward(self, x):
        y = []
        for m in self.model:
            if m.f != -1:
                x = y[m.f] if isinstance(m.f, int) else [x if j == -1 else y[j] for j in m.f]
            x = m(x)
            y.append(x if m.i in self.save else None)
        return x
