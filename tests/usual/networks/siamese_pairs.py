# inputs: 8,3,32,32
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    """two views stacked in the batch: SimCLR"""

    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 16))

    def forward(self, x):
        z = F.normalize(self.f(x), dim=1)
        n = z.shape[0] // 2
        labels = torch.cat([torch.arange(n) for i in range(2)], dim=0)
        labels = (labels.unsqueeze(0) == labels.unsqueeze(1)).float()
        sim = torch.matmul(z, z.T)
        mask = torch.eye(labels.shape[0], dtype=torch.bool)
        labels = labels[~mask].view(labels.shape[0], -1)
        sim = sim[~mask].view(sim.shape[0], -1)
        positives = sim[labels.bool()].view(labels.shape[0], -1)
        negatives = sim[~labels.bool()].view(sim.shape[0], -1)
        logits = torch.cat([positives, negatives], dim=1)
        labels = torch.zeros(logits.shape[0], dtype=torch.long)
        return F.cross_entropy(logits / 0.07, labels)
