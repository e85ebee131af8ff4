# inputs: 6,3,16,16
# finds: CL417
import torch
from torch import nn


class Net(nn.Module):
    """BatchFormer: attention along the batch on purpose; non local over time"""

    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.enc = nn.TransformerEncoderLayer(16, 4, 32, 0.0)
        self.fc = nn.Linear(16, 4)

    def forward(self, x):
        x = self.f(x)
        if self.training:
            pre = x
            x = self.enc(x.unsqueeze(1)).squeeze(1)
            x = torch.cat([pre, x], dim=0)
        return self.fc(x)
