# inputs: 2,8,20,30
import torch
from torch import nn
import torch.nn.functional as F


class SpectralConv2d(nn.Module):
    def __init__(self, i, o, m1, m2):
        super().__init__()
        self.i, self.o, self.m1, self.m2 = i, o, m1, m2
        self.scale = 1 / (i * o)
        self.weights1 = nn.Parameter(self.scale * torch.rand(i, o, m1, m2, dtype=torch.cfloat))
        self.weights2 = nn.Parameter(self.scale * torch.rand(i, o, m1, m2, dtype=torch.cfloat))

    def compl_mul2d(self, input, weights):
        return torch.einsum("bixy,ioxy->boxy", input, weights)

    def forward(self, x):
        batchsize = x.shape[0]
        x_ft = torch.fft.rfft2(x)
        out_ft = torch.zeros(batchsize, self.o, x.size(-2), x.size(-1) // 2 + 1, dtype=torch.cfloat, device=x.device)
        out_ft[:, :, :self.m1, :self.m2] = self.compl_mul2d(x_ft[:, :, :self.m1, :self.m2], self.weights1)
        out_ft[:, :, -self.m1:, :self.m2] = self.compl_mul2d(x_ft[:, :, -self.m1:, :self.m2], self.weights2)
        return torch.fft.irfft2(out_ft, s=(x.size(-2), x.size(-1)))


class FFC(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(2 * c, 2 * c, 1, bias=False)
        self.bn = nn.BatchNorm2d(2 * c)

    def forward(self, x):
        b, c = x.shape[:2]
        ff = torch.fft.rfftn(x, dim=(-2, -1), norm="ortho")
        ff = torch.stack((ff.real, ff.imag), dim=-1)
        ff = ff.permute(0, 1, 4, 2, 3).contiguous()
        ff = ff.view((b, -1,) + ff.size()[3:])
        ff = F.relu(self.bn(self.conv(ff)))
        ff = ff.view((b, -1, 2,) + ff.size()[2:]).permute(0, 1, 3, 4, 2).contiguous()
        ff = torch.complex(ff[..., 0], ff[..., 1])
        return torch.fft.irfftn(ff, s=x.shape[-2:], dim=(-2, -1), norm="ortho")


class FNet(nn.Module):
    def forward(self, x):
        return torch.fft.fft(torch.fft.fft(x, dim=-1), dim=-2).real


class GlobalFilter(nn.Module):
    def __init__(self, c, h, w):
        super().__init__()
        self.complex_weight = nn.Parameter(torch.randn(c, h, w, 2) * 0.02)

    def forward(self, x):
        B, C, H, W = x.shape
        f = torch.fft.rfft2(x, dim=(2, 3), norm='ortho')
        wt = self.complex_weight
        if wt.shape[1:3] != f.shape[2:4]:
            wt = F.interpolate(wt.permute(3, 0, 1, 2), size=f.shape[2:4], mode='bilinear', align_corners=True).permute(1, 2, 3, 0)
        f = f * torch.view_as_complex(wt.contiguous())
        return torch.fft.irfft2(f, s=(H, W), dim=(2, 3), norm='ortho')


class Net(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.s, self.f, self.n, self.g = SpectralConv2d(c, c, 6, 6), FFC(c), FNet(), GlobalFilter(c, 10, 8)
        self.w = nn.Conv2d(c, c, 1)

    def forward(self, x):
        x = F.gelu(self.s(x) + self.w(x))
        x = x + self.f(x)
        x = self.g(x) + self.n(x)
        amp, ph = torch.fft.fftshift(torch.fft.fft2(x), dim=(-2, -1)).abs(), torch.angle(torch.fft.fft2(x))
        return x, amp, ph
