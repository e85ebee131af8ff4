# inputs: 2,6,3,16,16
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Conv2d(3, 8, 3, 2, 1)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        B, T = x.shape[:2]
        fs = [self.cnn(f).mean((2, 3)) for f in torch.unbind(x, 1)]
        a = torch.stack(fs, 1)
        b = self.cnn(x.flatten(0, 1))
        b = b.mean((2, 3)).unflatten(0, (B, T))
        c = self.cnn(x.reshape(-1, *x.shape[-3:])).amax((2, 3))
        c = torch.stack(c.split(T))
        d = torch.stack(torch.chunk(c, B, dim=0)).squeeze(1)
        return self.fc(a + b + c + d)
