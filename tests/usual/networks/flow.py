# inputs: 4,6,8,8
import math
import torch
from torch import nn
import torch.nn.functional as F

logabs = lambda x: torch.log(torch.abs(x))


class ActNorm(nn.Module):
    def __init__(self, c, logdet=True):
        super().__init__()
        self.loc, self.scale = nn.Parameter(torch.zeros(1, c, 1, 1)), nn.Parameter(torch.ones(1, c, 1, 1))
        self.register_buffer('initialized', torch.tensor(0, dtype=torch.uint8))
        self.logdet = logdet

    def initialize(self, input):
        with torch.no_grad():
            flatten = input.permute(1, 0, 2, 3).contiguous().view(input.shape[1], -1)
            mean = flatten.mean(1).unsqueeze(1).unsqueeze(2).unsqueeze(3).permute(1, 0, 2, 3)
            std = flatten.std(1).unsqueeze(1).unsqueeze(2).unsqueeze(3).permute(1, 0, 2, 3)
            self.loc.data.copy_(-mean)
            self.scale.data.copy_(1 / (std + 1e-6))

    def forward(self, input):
        _, _, height, width = input.shape
        if self.initialized.item() == 0:
            self.initialize(input)
            self.initialized.fill_(1)
        log_abs = logabs(self.scale)
        logdet = height * width * torch.sum(log_abs)
        if self.logdet:
            return self.scale * (input + self.loc), logdet
        return self.scale * (input + self.loc)


class InvConv2dLU(nn.Module):
    def __init__(self, c):
        super().__init__()
        weight, _ = torch.linalg.qr(torch.randn(c, c))
        P, L, U = torch.linalg.lu(weight)
        s = torch.diag(U)
        self.register_buffer('w_p', P)
        self.register_buffer('u_mask', torch.triu(torch.ones(c, c), 1))
        self.register_buffer('l_mask', self.u_mask.T.clone())
        self.register_buffer('s_sign', torch.sign(s))
        self.register_buffer('l_eye', torch.eye(c))
        self.w_l, self.w_s, self.w_u = nn.Parameter(L), nn.Parameter(logabs(s)), nn.Parameter(torch.triu(U, 1))

    def forward(self, input):
        _, _, height, width = input.shape
        weight = self.w_p @ (self.w_l * self.l_mask + self.l_eye) @ ((self.w_u * self.u_mask) + torch.diag(self.s_sign * torch.exp(self.w_s)))
        weight = weight.unsqueeze(2).unsqueeze(3)
        return F.conv2d(input, weight), height * width * torch.sum(self.w_s)


class ZeroConv2d(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv2d(i, o, 3, padding=0)
        self.conv.weight.data.zero_()
        self.conv.bias.data.zero_()
        self.scale = nn.Parameter(torch.zeros(1, o, 1, 1))

    def forward(self, input):
        out = F.pad(input, [1, 1, 1, 1], value=1)
        return self.conv(out) * torch.exp(self.scale * 3)


class Coupling(nn.Module):
    def __init__(self, c, f=16):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(c // 2, f, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(f, f, 1), nn.ReLU(inplace=True), ZeroConv2d(f, c))

    def forward(self, input):
        in_a, in_b = input.chunk(2, 1)
        log_s, t = self.net(in_a).chunk(2, 1)
        s = F.sigmoid(log_s + 2)
        out_b = (in_b + t) * s
        return torch.cat([in_a, out_b], 1), torch.sum(torch.log(s).view(input.shape[0], -1), 1)


class Block(nn.Module):
    def __init__(self, c, n=2, split=True):
        super().__init__()
        sq = c * 4
        self.flows = nn.ModuleList([nn.ModuleList([ActNorm(sq), InvConv2dLU(sq), Coupling(sq)]) for _ in range(n)])
        self.split = split
        self.prior = ZeroConv2d(c * 2, c * 4) if split else ZeroConv2d(c * 4, c * 8)

    def forward(self, input):
        b, c, h, w = input.shape
        sq = input.view(b, c, h // 2, 2, w // 2, 2)
        sq = sq.permute(0, 1, 3, 5, 2, 4)
        out = sq.contiguous().view(b, c * 4, h // 2, w // 2)
        logdet = 0
        for flow in self.flows:
            for m in flow:
                out, det = m(out)
                logdet = logdet + det
        if self.split:
            out, z = out.chunk(2, 1)
            mean, log_sd = self.prior(out).chunk(2, 1)
        else:
            z = out
            mean, log_sd = self.prior(torch.zeros_like(out)).chunk(2, 1)
        log_p = -0.5 * math.log(2 * math.pi) - log_sd - 0.5 * (z - mean) ** 2 / torch.exp(2 * log_sd)
        return out, logdet, log_p.view(b, -1).sum(1), z


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(6), Block(12, split=False)])

    def forward(self, x):
        log_p_sum, logdet, out, zs = 0, 0, x, []
        for b in self.blocks:
            out, det, log_p, z = b(out)
            zs.append(z)
            logdet = logdet + det
            log_p_sum = log_p_sum + log_p
        return log_p_sum, logdet, zs
