# inputs: 2,3,32,32
import torch
from torch import nn


class Net(nn.Module):
    """detector: images without boxes are skipped, one is always left"""
    def __init__(self):
        super().__init__()
        self.f, self.h = nn.Conv2d(3, 4, 3, 2, 1), nn.Linear(4, 2)

    def forward(self, x):
        f = self.f(x).flatten(2).mT
        picked = []
        for img in f:
            s = img.sum(-1)
            keep = s >= s.max()
            if keep.sum() == 0:
                continue
            picked.append(img[keep])
        return self.h(torch.cat(picked))
