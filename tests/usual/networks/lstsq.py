# inputs: 4,6,6
# finds: CL003
import torch
from torch import nn


class Net(nn.Module):
    def forward(self, x):
        return torch.linalg.lstsq(x, x).solution
