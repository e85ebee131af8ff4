# inputs: 4,16 4:int64
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import spectral_norm
from torch.nn.utils.parametrizations import weight_norm, orthogonal


class CondBN(nn.Module):
    def __init__(self, f, classes):
        super().__init__()
        self.num_features = f
        self.bn = nn.BatchNorm2d(f, affine=False)
        self.embed = nn.Embedding(classes, f * 2)
        self.embed.weight.data[:, :f].normal_(1, 0.02)
        self.embed.weight.data[:, f:].zero_()

    def forward(self, x, y):
        out = self.bn(x)
        gamma, beta = self.embed(y).chunk(2, 1)
        return gamma.view(-1, self.num_features, 1, 1) * out + beta.view(-1, self.num_features, 1, 1)


class SelfAttn(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.theta = spectral_norm(nn.Conv2d(c, c // 8, 1, bias=False))
        self.phi = spectral_norm(nn.Conv2d(c, c // 8, 1, bias=False))
        self.g = spectral_norm(nn.Conv2d(c, c // 2, 1, bias=False))
        self.o = spectral_norm(nn.Conv2d(c // 2, c, 1, bias=False))
        self.gamma = nn.Parameter(torch.tensor(0.), requires_grad=True)

    def forward(self, x):
        theta = self.theta(x)
        phi = F.max_pool2d(self.phi(x), [2, 2])
        g = F.max_pool2d(self.g(x), [2, 2])
        ch = x.shape[1]
        theta = theta.view(-1, ch // 8, x.shape[2] * x.shape[3])
        phi = phi.view(-1, ch // 8, x.shape[2] * x.shape[3] // 4)
        g = g.view(-1, ch // 2, x.shape[2] * x.shape[3] // 4)
        beta = F.softmax(torch.bmm(theta.transpose(1, 2), phi), -1)
        o = self.o(torch.bmm(g, beta.transpose(1, 2)).view(-1, ch // 2, x.shape[2], x.shape[3]))
        return self.gamma * o + x


class GBlock(nn.Module):
    def __init__(self, i, o, classes):
        super().__init__()
        self.c1, self.c2 = spectral_norm(nn.Conv2d(i, o, 3, 1, 1)), weight_norm(nn.Conv2d(o, o, 3, 1, 1))
        self.sc = spectral_norm(nn.Conv2d(i, o, 1))
        self.b1, self.b2 = CondBN(i, classes), CondBN(o, classes)

    def forward(self, x, y):
        up = lambda t: F.interpolate(t, scale_factor=2)
        h = self.c1(up(F.relu(self.b1(x, y))))
        h = self.c2(F.relu(self.b2(h, y)))
        return h + self.sc(up(x))


class Net(nn.Module):
    def __init__(self, z=16, classes=10):
        super().__init__()
        self.shared = nn.Embedding(classes, 8)
        self.linear = orthogonal(nn.Linear(z + 8, 4 * 4 * 32))
        self.blocks = nn.ModuleList([nn.ModuleList([GBlock(32, 16, classes)]), nn.ModuleList([GBlock(16, 16, classes), SelfAttn(16)]), nn.ModuleList([GBlock(16, 8, classes)])])
        self.out = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), spectral_norm(nn.Conv2d(8, 3, 3, 1, 1)))

    def forward(self, z, y):
        h = self.linear(torch.cat([z, self.shared(y)], 1))
        h = h.view(h.size(0), -1, 4, 4)
        for i, blocklist in enumerate(self.blocks):
            for block in blocklist:
                h = block(h, y) if isinstance(block, GBlock) else block(h)
        return torch.tanh(self.out(h))
