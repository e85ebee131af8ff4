# inputs: 2,8,16,16
import torch
from torch import nn
import torch.nn.functional as F


class Unpool(nn.Module):
    """Laina et al.: a value and zeros, then a convolution"""

    def __init__(self, num_channels, stride=2):
        super().__init__()
        self.num_channels, self.stride = num_channels, stride
        w = torch.zeros(num_channels, 1, stride, stride)
        w[:, :, 0, 0] = 1
        self.register_buffer("weights", w)

    def forward(self, x):
        return F.conv_transpose2d(x, self.weights, stride=self.stride, groups=self.num_channels)


class Haar(nn.Module):
    def __init__(self, inverse=False):
        super().__init__()
        k = torch.tensor([[[.5, .5], [.5, .5]], [[.5, -.5], [.5, -.5]], [[.5, .5], [-.5, -.5]], [[.5, -.5], [-.5, .5]]])
        self.register_buffer("k", k[:, None])
        self.inverse = inverse

    def forward(self, x):
        b, c, h, w = x.shape
        if self.inverse:
            return F.conv_transpose2d(x.reshape(b * c // 4, 4, h, w), self.k, stride=2).reshape(b, c // 4, 2 * h, 2 * w)
        return F.conv2d(x.reshape(b * c, 1, h, w), self.k, stride=2).reshape(b, 4 * c, h // 2, w // 2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.unpool = Unpool(8)
        self.conv = nn.Conv2d(8, 8, 5, padding=2)
        self.dwt, self.iwt = Haar(), Haar(True)
        self.mid = nn.Conv2d(32, 32, 3, padding=1)
        self.register_buffer("blur", torch.ones(8, 1, 4, 4) / 4)

    def zero_up(self, x):
        y = F.conv_transpose2d(x, torch.ones(x.size(1), 1, 1, 1), stride=2, output_padding=1, groups=x.size(1))
        return F.conv2d(F.pad(y, (2, 1, 2, 1)), self.blur, groups=8)

    def forward(self, x):
        y = self.conv(self.unpool(x))
        z = self.iwt(torch.relu(self.mid(self.dwt(x))))
        up = x.new_zeros(*x.shape[:2], x.shape[2] * 2, x.shape[3] * 2)
        up[:, :, ::2, ::2] = x
        return y + self.zero_up(x) + self.conv(up), z
