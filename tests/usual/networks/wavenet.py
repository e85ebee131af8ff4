# inputs: 2,1,300
import torch
import torch.nn as nn
import torch.nn.functional as F


class CausalConv1d(nn.Conv1d):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._left = (self.kernel_size[0] - 1) * self.dilation[0]

    def forward(self, x):
        return super().forward(F.pad(x, (self._left, 0)))


class ResBlock(nn.Module):
    def __init__(self, r, s, dilation):
        super().__init__()
        self.filter = nn.Conv1d(r, 2 * r, 2, dilation=dilation)
        self.res = nn.Conv1d(r, r, 1)
        self.skip = nn.Conv1d(r, s, 1)

    def forward(self, x):
        y = self.filter(x)
        a, b = y.chunk(2, 1)
        g = torch.tanh(a) * torch.sigmoid(b)
        res = self.res(g)
        return res + x[..., -res.size(2):], self.skip(g)


class Net(nn.Module):
    def __init__(self, layers=6, stacks=2, r=16, s=24, classes=256):
        super().__init__()
        self.causal = CausalConv1d(1, r, kernel_size=2)
        self.blocks = nn.ModuleList(ResBlock(r, s, 2 ** i) for _ in range(stacks) for i in range(layers))
        self.end = nn.Sequential(nn.ReLU(), nn.Conv1d(s, s, 1), nn.ReLU(), nn.Conv1d(s, classes, 1))

    @property
    def receptive_field(self):
        return sum(b.filter.dilation[0] for b in self.blocks) + 1

    def forward(self, x):
        out_len = x.shape[-1] - self.receptive_field + 1
        if out_len < 1:
            raise ValueError("too short")
        x = self.causal(x)
        skips = 0
        for b in self.blocks:
            x, s = b(x)
            skips = skips + s[:, :, -out_len:]
        return self.end(skips).transpose(1, 2)
