# inputs: 4,6,8
import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        a = x.detach().numpy()
        a = np.fft.fftshift(a, axes=-1)
        a = np.ascontiguousarray(a)
        return self.fc(torch.from_numpy(a))
