# inputs: 3,50,8
import math
import torch
from torch import nn


class S4D(nn.Module):
    def __init__(self, h, n=16):
        super().__init__()
        self.log_dt = nn.Parameter(torch.rand(h) * (math.log(.1) - math.log(.001)) + math.log(.001))
        C = torch.randn(h, n // 2, dtype=torch.cfloat)
        self.C = nn.Parameter(torch.view_as_real(C))
        self.log_A_real = nn.Parameter(torch.log(0.5 * torch.ones(h, n // 2)))
        self.A_imag = nn.Parameter(math.pi * torch.arange(n // 2).float().repeat(h, 1))
        self.D = nn.Parameter(torch.randn(h))
        self.out = nn.Sequential(nn.Conv1d(h, 2 * h, 1), nn.GLU(dim=-2))

    def kernel(self, L):
        dt = torch.exp(self.log_dt)
        C = torch.view_as_complex(self.C)
        A = -torch.exp(self.log_A_real) + 1j * self.A_imag
        dtA = A * dt.unsqueeze(-1)
        K = dtA.unsqueeze(-1) * torch.arange(L)
        C = C * (torch.exp(dtA) - 1.) / A
        return 2 * torch.einsum('hn, hnl -> hl', C, torch.exp(K)).real

    def forward(self, u):
        u = u.transpose(-1, -2)
        L = u.size(-1)
        k = self.kernel(L)
        k_f, u_f = torch.fft.rfft(k, n=2 * L), torch.fft.rfft(u, n=2 * L)
        y = torch.fft.irfft(u_f * k_f, n=2 * L)[..., :L]
        y = y + u * self.D.unsqueeze(-1)
        return self.out(nn.functional.gelu(y)).transpose(-1, -2)


class RetNet(nn.Module):
    def __init__(self, d, h=2):
        super().__init__()
        self.h = h
        self.qkv, self.o, self.gn = nn.Linear(d, 3 * d), nn.Linear(d, d), nn.GroupNorm(h, d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4)
        i = torch.arange(t)
        decay = torch.log(1 - 2 ** (-5 - torch.arange(self.h, dtype=torch.float)))
        D = torch.where(i[:, None] >= i[None], (i[:, None] - i[None]) * decay[:, None, None], -torch.inf).exp()
        y = (q @ k.mT * D[None]) @ v
        y = self.gn(y.transpose(1, 2).reshape(b * t, d)).view(b, t, d)
        return self.o(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.s, self.r, self.fc = S4D(8), RetNet(8), nn.Linear(8, 3)

    def forward(self, x):
        return self.fc((x + self.s(x) + self.r(x)).mean(1))
