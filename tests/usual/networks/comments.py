# inputs: 2,3,32,32
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)  # (3, 3) kernel
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)  # stride (2, 2), from (16, 32, 32) to (32, 16, 16)
        self.conv3 = nn.Conv2d(32, 32, (1, 3), padding=(0, 1))  # (1, 3) then (3, 1)
        self.fc = nn.Linear(32, 10)  # 32 -> 10
        self.rnn = nn.GRU(32, 32)

    def forward(self, x):  # x: (B, 3, 32, 32)
        # input (B, 3, H, W)
        x = self.conv1(x)  # (B, 3, H, W) -> (B, 16, H, W)
        x = F.relu(x)  # [batch, channels, height, width]
        x = self.conv2(x)  # in: (N, 16, 32, 32); out: (N, 32, 16, 16)
        x = self.conv3(x)  # 32 x 16 x 16
        x = F.pad(x, (0, 1, 0, 1))  # pad (0, 1, 0, 1)
        x = x[:, :, :-1, :-1]  # torch.Size([64, 32, 16, 16])
        y = x.flatten(2).permute(2, 0, 1)  # (HW, N, C)
        y, _ = self.rnn(y)  # (T, B, C), (1, B, C)
        y = y.mean(0)  # (32,) per sample
        z = self.fc(y)  # (n, 10), before softmax (see Eq. 3, 4)
        w = x.mean((2, 3))  # global average (1, 1)
        s = torch.stack([z, z])  # 2 x B x 10
        # now (B, 32)
        return z + s.sum(0), w  # (N, 10), (N, 32)
