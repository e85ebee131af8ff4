# inputs: 2,6,3,16,16
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveMaxPool2d(1))
        self.rnn = nn.GRU(8, 8)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        outs = []
        for clip in x:
            f = self.cnn(clip).squeeze(-1).squeeze(-1)
            o, h = self.rnn(f.unsqueeze(1))
            outs.append(h[-1])
        return self.fc(torch.cat(outs, dim=0))
