# inputs: 2,4000
import torch
from torch import nn
import torch.nn.functional as F
from torch.nn.utils import weight_norm

LRELU_SLOPE = 0.1


def get_padding(kernel_size, dilation=1):
    return int((kernel_size * dilation - dilation) / 2)


class ResBlock1(nn.Module):
    def __init__(self, channels, kernel_size=3, dilation=(1, 3, 5)):
        super().__init__()
        self.convs1 = nn.ModuleList([weight_norm(nn.Conv1d(channels, channels, kernel_size, 1, dilation=d, padding=get_padding(kernel_size, d))) for d in dilation])
        self.convs2 = nn.ModuleList([weight_norm(nn.Conv1d(channels, channels, kernel_size, 1, dilation=1, padding=get_padding(kernel_size, 1))) for _ in dilation])

    def forward(self, x):
        for c1, c2 in zip(self.convs1, self.convs2):
            xt = F.leaky_relu(x, LRELU_SLOPE)
            xt = c1(xt)
            xt = F.leaky_relu(xt, LRELU_SLOPE)
            xt = c2(xt)
            x = xt + x
        return x


class DiscriminatorP(nn.Module):
    def __init__(self, period, kernel_size=5, stride=3):
        super().__init__()
        self.period = period
        self.convs = nn.ModuleList([weight_norm(nn.Conv2d(1, 8, (kernel_size, 1), (stride, 1), padding=(get_padding(5, 1), 0))), weight_norm(nn.Conv2d(8, 16, (kernel_size, 1), (stride, 1), padding=(get_padding(5, 1), 0)))])
        self.conv_post = weight_norm(nn.Conv2d(16, 1, (3, 1), 1, padding=(1, 0)))

    def forward(self, x):
        fmap = []
        b, c, t = x.shape
        if t % self.period != 0:
            n_pad = self.period - (t % self.period)
            x = F.pad(x, (0, n_pad), "reflect")
            t = t + n_pad
        x = x.view(b, c, t // self.period, self.period)
        for l in self.convs:
            x = l(x)
            x = F.leaky_relu(x, LRELU_SLOPE)
            fmap.append(x)
        x = self.conv_post(x)
        fmap.append(x)
        return torch.flatten(x, 1, -1), fmap


class Net(nn.Module):
    def __init__(self, n_fft=256, hop=64, ups=(8, 8), ks=(16, 16)):
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        self.register_buffer("window", torch.hann_window(n_fft))
        self.register_buffer("mel", torch.rand(20, n_fft // 2 + 1))
        self.conv_pre = weight_norm(nn.Conv1d(20, 32, 7, 1, padding=3))
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for i, (u, k) in enumerate(zip(ups, ks)):
            self.ups.append(weight_norm(nn.ConvTranspose1d(32 // (2 ** i), 32 // (2 ** (i + 1)), k, u, padding=(k - u) // 2)))
        for i in range(len(self.ups)):
            for j, (k, d) in enumerate(zip((3, 7), ((1, 3, 5), (1, 3)))):
                self.resblocks.append(ResBlock1(32 // (2 ** (i + 1)), k, d))
        self.num_kernels = 2
        self.conv_post = weight_norm(nn.Conv1d(8, 1, 7, 1, padding=3))
        self.disc = nn.ModuleList(DiscriminatorP(p) for p in (2, 3, 5, 7, 11))

    def forward(self, wav):
        spec = torch.stft(wav, self.n_fft, self.hop, window=self.window, center=True, return_complex=True)
        mag = spec.abs().clamp(min=1e-5)
        mel = torch.log(torch.matmul(self.mel, mag))
        x = self.conv_pre(mel)
        for i, up in enumerate(self.ups):
            x = F.leaky_relu(x, LRELU_SLOPE)
            x = up(x)
            xs = None
            for j in range(self.num_kernels):
                xs = self.resblocks[i * self.num_kernels + j](x) if xs is None else xs + self.resblocks[i * self.num_kernels + j](x)
            x = xs / self.num_kernels
        x = torch.tanh(self.conv_post(F.leaky_relu(x)))[..., :wav.size(-1)]
        rec = torch.istft(spec, self.n_fft, self.hop, window=self.window, length=wav.size(-1))
        outs, maps = zip(*(d(x) for d in self.disc))
        l1 = F.l1_loss(x.squeeze(1), rec)
        frames = rec.unfold(-1, 400, 160)
        return x, outs, maps, l1, frames.pow(2).mean(-1)
