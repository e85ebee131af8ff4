# inputs: 3,1,28,28 3,1,28,28 3,1,28,28
import torch
from torch import nn
import torch.nn.functional as F


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.convnet = nn.Sequential(nn.Conv2d(1, 8, 5), nn.PReLU(), nn.MaxPool2d(2, stride=2), nn.Conv2d(8, 16, 5), nn.PReLU(16), nn.MaxPool2d(2, stride=2))
        self.fc = nn.Sequential(nn.Linear(16 * 4 * 4, 32), nn.PReLU(), nn.Linear(32, 2))

    def forward(self, x):
        output = self.convnet(x)
        output = output.view(output.size()[0], -1)
        return self.fc(output)

    def get_embedding(self, x):
        return self.forward(x)


class L2Norm(Embed):
    def forward(self, x):
        output = super(L2Norm, self).forward(x)
        output /= output.pow(2).sum(1, keepdim=True).sqrt()
        return output

    def get_embedding(self, x):
        return self.forward(x)


class Net(nn.Module):
    margin: float = 1.0

    def __init__(self):
        super().__init__()
        self.embedding_net = L2Norm()
        self.triplet = nn.TripletMarginLoss(self.margin)
        self.cos = nn.CosineEmbeddingLoss(0.5)

    def forward(self, x1, x2, x3):
        b = x1.size(0)
        e1, e2, e3 = self.embedding_net.get_embedding(torch.cat([x1, x2, x3])).split(b)
        dp = (e1 - e2).pow(2).sum(1)
        dn = F.pairwise_distance(e1, e3)
        losses = F.relu(dp - dn + self.margin)
        y = torch.ones(b)
        sim = e1 @ e2.t() / 0.07
        nce = F.cross_entropy(sim, torch.arange(b)) + F.cross_entropy(sim.T, torch.arange(b))
        return losses.mean() + self.triplet(e1, e2, e3) + self.cos(e1, e2, y) + nce
