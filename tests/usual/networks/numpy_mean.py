# inputs: 4,6,8,8
import torch
from torch import nn


class Net(nn.Module):
    def forward(self, x):
        y = x.detach().cpu().numpy().mean((1, 2, 3))
        return torch.from_numpy(y).to(x) + x.mean((1, 2, 3))
