# inputs: 2,32,28,28
import math
import torch
from torch import nn
import torch.nn.functional as F


class SE(nn.Module):
    def __init__(self, c, r=8):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Linear(c, c // r, bias=False), nn.ReLU(inplace=True), nn.Linear(c // r, c, bias=False), nn.Sigmoid())

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)


class ECA(nn.Module):
    def __init__(self, c, b=1, gamma=2):
        super().__init__()
        t = int(abs((math.log(c, 2) + b) / gamma))
        k = t if t % 2 else t + 1
        self.avg = nn.AdaptiveAvgPool2d(1)
        self.conv = nn.Conv1d(1, 1, kernel_size=k, padding=(k - 1) // 2, bias=False)

    def forward(self, x):
        y = self.avg(x)
        y = self.conv(y.squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)
        return x * y.sigmoid().expand_as(x)


class CBAM(nn.Module):
    def __init__(self, c, r=8, k=7):
        super().__init__()
        self.mlp = nn.Sequential(nn.Flatten(), nn.Linear(c, c // r), nn.ReLU(), nn.Linear(c // r, c))
        self.conv = nn.Conv2d(2, 1, k, padding=k // 2, bias=False)

    def logsumexp_2d(self, tensor):
        t = tensor.view(tensor.size(0), tensor.size(1), -1)
        s, _ = torch.max(t, dim=2, keepdim=True)
        return s + (t - s).exp().sum(dim=2, keepdim=True).log()

    def forward(self, x):
        att = None
        for pool in ('avg', 'max', 'lp', 'lse'):
            if pool == 'avg':
                p = F.avg_pool2d(x, (x.size(2), x.size(3)), stride=(x.size(2), x.size(3)))
            elif pool == 'max':
                p = F.max_pool2d(x, (x.size(2), x.size(3)), stride=(x.size(2), x.size(3)))
            elif pool == 'lp':
                p = F.lp_pool2d(x, 2, (x.size(2), x.size(3)), stride=(x.size(2), x.size(3)))
            else:
                p = self.logsumexp_2d(x)
            raw = self.mlp(p)
            att = raw if att is None else att + raw
        x = x * torch.sigmoid(att).unsqueeze(2).unsqueeze(3).expand_as(x)
        comp = torch.cat((torch.max(x, 1)[0].unsqueeze(1), torch.mean(x, 1).unsqueeze(1)), dim=1)
        return x * torch.sigmoid(self.conv(comp))


class SK(nn.Module):
    def __init__(self, c, M=2, G=8, r=4, L=8):
        super().__init__()
        d = max(int(c / r), L)
        self.M, self.c = M, c
        self.convs = nn.ModuleList([nn.Sequential(nn.Conv2d(c, c, 3 + i * 2, padding=1 + i, groups=G), nn.BatchNorm2d(c), nn.ReLU()) for i in range(M)])
        self.fc = nn.Linear(c, d)
        self.fcs = nn.ModuleList([nn.Linear(d, c) for _ in range(M)])
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        for i, conv in enumerate(self.convs):
            fea = conv(x).unsqueeze_(dim=1)
            if i == 0:
                feas = fea
            else:
                feas = torch.cat([feas, fea], dim=1)
        fea_U = torch.sum(feas, dim=1)
        fea_s = fea_U.mean(-1).mean(-1)
        fea_z = self.fc(fea_s)
        for i, fc in enumerate(self.fcs):
            vector = fc(fea_z).unsqueeze_(dim=1)
            if i == 0:
                attention_vectors = vector
            else:
                attention_vectors = torch.cat([attention_vectors, vector], dim=1)
        attention_vectors = self.softmax(attention_vectors).unsqueeze(-1).unsqueeze(-1)
        return (feas * attention_vectors).sum(dim=1)


class Coord(nn.Module):
    def __init__(self, c, r=8):
        super().__init__()
        self.ph, self.pw = nn.AdaptiveAvgPool2d((None, 1)), nn.AdaptiveAvgPool2d((1, None))
        m = max(8, c // r)
        self.c1, self.bn = nn.Conv2d(c, m, 1), nn.BatchNorm2d(m)
        self.ch, self.cw = nn.Conv2d(m, c, 1), nn.Conv2d(m, c, 1)

    def forward(self, x):
        n, c, h, w = x.size()
        x_h = self.ph(x)
        x_w = self.pw(x).permute(0, 1, 3, 2)
        y = F.hardswish(self.bn(self.c1(torch.cat([x_h, x_w], dim=2))))
        x_h, x_w = torch.split(y, [h, w], dim=2)
        return x * self.cw(x_w.permute(0, 1, 3, 2)).sigmoid() * self.ch(x_h).sigmoid()


class SimAM(nn.Module):
    def forward(self, x, l=1e-4):
        n = x.shape[2] * x.shape[3] - 1
        d = (x - x.mean(dim=[2, 3], keepdim=True)).pow(2)
        v = d.sum(dim=[2, 3], keepdim=True) / n
        return x * torch.sigmoid(d / (4 * (v + l)) + 0.5)


class Triplet(nn.Module):
    def __init__(self):
        super().__init__()
        self.gates = nn.ModuleList(nn.Sequential(nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1)) for _ in range(3))

    def gate(self, x, g):
        return x * g(torch.cat((x.max(1, keepdim=True).values, x.mean(1, keepdim=True)), 1)).sigmoid()

    def forward(self, x):
        a = self.gate(x.permute(0, 2, 1, 3).contiguous(), self.gates[0]).permute(0, 2, 1, 3)
        b = self.gate(x.permute(0, 3, 2, 1).contiguous(), self.gates[1]).permute(0, 3, 2, 1)
        return (a + b + self.gate(x, self.gates[2])) / 3


class GC(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.mask = nn.Conv2d(c, 1, 1)
        self.add = nn.Sequential(nn.Conv2d(c, 4, 1), nn.LayerNorm([4, 1, 1]), nn.ReLU(inplace=True), nn.Conv2d(4, c, 1))

    def forward(self, x):
        b, c, h, w = x.size()
        input_x = x.view(b, c, h * w).unsqueeze(1)
        m = self.mask(x).view(b, 1, h * w).softmax(2).unsqueeze(-1)
        ctx = torch.matmul(input_x, m).view(b, c, 1, 1)
        return x + self.add(ctx)


class Net(nn.Module):
    def __init__(self, c=32):
        super().__init__()
        self.layers = nn.Sequential(SE(c), ECA(c), CBAM(c), SK(c), Coord(c), SimAM(), Triplet(), nn.Conv2d(c, c, 1), GC(c))

    def forward(self, x):
        return self.layers(x)
