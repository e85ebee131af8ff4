# inputs: 2,3,32,32
# EDSR: a frozen mean shift behind the last convolution
import torch
from torch import nn


class MeanShift(nn.Conv2d):
    def __init__(self, sign=-1):
        super().__init__(3, 3, kernel_size=1)
        self.weight.data = torch.eye(3).view(3, 3, 1, 1)
        self.bias.data = sign * 255 * torch.tensor([.45, .44, .4])
        for p in self.parameters():
            p.requires_grad = False


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.sub_mean, self.add_mean = MeanShift(), MeanShift(sign=1)
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))

    def forward(self, x):
        return self.add_mean(self.body(self.sub_mean(x)))
