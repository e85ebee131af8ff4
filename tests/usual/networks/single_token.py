# inputs: 4,12
import torch
from torch import nn


class Net(nn.Module):
    """a feature vector as a sequence of one"""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(12, 8, batch_first=True)
        self.conv = nn.Conv1d(1, 6, 3, padding=1)
        self.tr = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        h, _ = self.lstm(x.unsqueeze(1))
        c = self.conv(x.unsqueeze(1)).amax(2)
        h = self.tr(h)
        return self.out(h.squeeze(1)).squeeze(-1) + c.mean(1)
