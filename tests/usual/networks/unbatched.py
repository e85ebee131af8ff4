# inputs: 3,40,50
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    """one image without batch (c, h, w)"""

    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 8, 3, padding=1)
        self.fc = nn.Linear(8, 4)

    def forward(self, img):
        x = F.relu(self.c(img[None]))[0]
        x = x.flatten(1).mean(1)
        return self.fc(x)
