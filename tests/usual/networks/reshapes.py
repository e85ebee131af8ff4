# inputs: 4,16,24,30
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    """legit merges"""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(16 * 24, 8, batch_first=True)
        self.pyr = nn.LSTM(2 * 16, 8, batch_first=True)
        self.c3 = nn.Conv1d(16 * 24, 8, 1)
        self.out = nn.Linear(8, 5)

    def forward(self, x):
        b, c, h, w = x.shape
        ocr = self.rnn(x.reshape(b, c * h, w).transpose(1, 2))[0]
        audio = self.c3(x.view(b, -1, w)).transpose(1, 2)
        pyr = self.pyr(ocr.reshape(b, w // 2, 16).repeat(1, 1, 2))[0]
        las = ocr.contiguous().view(b, w // 2, 2 * 8)
        maxout = x.view(b, c // 2, 2, h, w).max(2).values
        groups = x.view(b, 4, c // 4, h, w).transpose(1, 2).reshape(b, c, h, w)
        planes = x.view(b * c, 1, h, w)
        blur = F.avg_pool2d(planes, 3, 1, 1).view(b, c, h, w)
        rows = x.permute(0, 2, 3, 1).reshape(b * h, w, c)
        cols = x.permute(0, 3, 2, 1).reshape(b * w, h, c)
        pairs = x.view(b // 2, 2, c, h, w).sum(1) if b % 2 == 0 else x
        qt = x.permute(2, 0, 1, 3).reshape(h, b * c, w).transpose(0, 1).view(b, c, h, w)
        half = x.reshape(b, c, h // 2, 2, w // 2, 2).mean((3, 5))
        return self.out(ocr + audio) + self.out(pyr).repeat_interleave(2, 1), las, maxout, groups, blur, rows, cols, pairs, qt, half
