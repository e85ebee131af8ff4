# convlint: target Net 2,3,96,128
import torch
import torch.nn.functional as F
from torch import nn


class Conv(nn.Module):
    def __init__(self, cin, cout, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(cout)

    def forward(self, x):
        return F.silu(self.bn(self.conv(x)))


class C2f(nn.Module):
    def __init__(self, cin, cout, n=1):
        super().__init__()
        self.c = cout // 2
        self.cv1 = Conv(cin, 2 * self.c)
        self.cv2 = Conv((2 + n) * self.c, cout)
        self.m = nn.ModuleList(Conv(self.c, self.c, 3) for _ in range(n))

    def forward(self, x):
        y = list(self.cv1(x).chunk(2, 1))
        y.extend(m(y[-1]) for m in self.m)
        return self.cv2(torch.cat(y, 1))


class SPPF(nn.Module):
    def __init__(self, c, k=5):
        super().__init__()
        self.cv1 = Conv(c, c // 2)
        self.cv2 = Conv(c // 2 * 4, c)
        self.m = nn.MaxPool2d(k, stride=1, padding=k // 2)

    def forward(self, x):
        x = self.cv1(x)
        y1 = self.m(x)
        y2 = self.m(y1)
        return self.cv2(torch.cat((x, y1, y2, self.m(y2)), 1))


class Net(nn.Module):
    def __init__(self, classes=4, anchors=3, w=8):
        super().__init__()
        self.stem = Conv(3, w, 3, 2)
        self.p3 = nn.Sequential(
            Conv(w, 2 * w, 3, 2), C2f(2 * w, 2 * w), Conv(2 * w, 4 * w, 3, 2), C2f(4 * w, 4 * w, 2)
        )
        self.p4 = nn.Sequential(Conv(4 * w, 8 * w, 3, 2), C2f(8 * w, 8 * w))
        self.p5 = nn.Sequential(Conv(8 * w, 16 * w, 3, 2), SPPF(16 * w))
        self.up4 = C2f(16 * w + 8 * w, 8 * w)
        self.up3 = C2f(8 * w + 4 * w, 4 * w)
        self.down = Conv(4 * w, 4 * w, 3, 2)
        self.out4 = C2f(4 * w + 8 * w, 8 * w)
        self.anchors, self.no = anchors, classes + 5
        self.heads = nn.ModuleList(nn.Conv2d(c, self.no * anchors, 1) for c in (4 * w, 8 * w))

    def forward(self, x):
        p3 = self.p3(self.stem(x))
        p4 = self.p4(p3)
        p5 = self.p5(p4)
        u4 = self.up4(torch.cat([F.interpolate(p5, scale_factor=2), p4], 1))
        u3 = self.up3(torch.cat([F.interpolate(u4, size=p3.shape[-2:]), p3], 1))
        o4 = self.out4(torch.cat([self.down(u3), u4], 1))
        outs = []
        for head, f in zip(self.heads, (u3, o4)):
            y = head(f)
            n, _, h, w = y.shape
            y = y.view(n, self.anchors, self.no, h, w).permute(0, 1, 3, 4, 2).contiguous()
            gy, gx = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
            grid = torch.stack((gx, gy), 2).view(1, 1, h, w, 2).float()
            y = torch.cat(
                [y[..., :2].sigmoid() + grid, y[..., 2:4].exp(), y[..., 4:].sigmoid()], -1
            )
            outs.append(y.view(n, -1, self.no))
        return torch.cat(outs, 1)
