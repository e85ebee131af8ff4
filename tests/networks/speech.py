# convlint: target Net 2,1,80,120
from torch import nn


class Net(nn.Module):
    def __init__(self, mels=80, hidden=48, classes=30, layers=2):
        super().__init__()
        self.front = nn.Sequential(
            nn.Conv2d(1, 8, (11, 5), stride=(2, 1), padding=(5, 2)),
            nn.BatchNorm2d(8),
            nn.Hardtanh(0, 20, inplace=True),
            nn.Conv2d(8, 8, (11, 5), stride=(2, 2), padding=(5, 2)),
            nn.BatchNorm2d(8),
            nn.Hardtanh(0, 20, inplace=True),
        )
        self.rnns = nn.ModuleList()
        size = 8 * (mels // 4)
        for _ in range(layers):
            self.rnns.append(nn.LSTM(size, hidden, bidirectional=True))
            size = hidden
        self.norm = nn.LayerNorm(hidden)
        self.tcn = nn.Conv1d(hidden, hidden, 3, padding=2, dilation=2, groups=hidden)
        self.head = nn.Linear(hidden, classes)

    def forward(self, spec):
        x = self.front(spec)
        n, c, f, t = x.size()
        x = x.view(n, c * f, t).permute(2, 0, 1)
        for rnn in self.rnns:
            x, _ = rnn(x)
            x = x.view(x.size(0), x.size(1), 2, -1).sum(2)
        x = self.norm(x).permute(1, 2, 0)
        x = x + self.tcn(x)
        return self.head(x.transpose(1, 2)).log_softmax(-1)
