# inputs: support=15,1,28,28 query=10,1,28,28
# finds: CL504
import torch
from torch import nn


def euclidean_dist(x, y):
    n, m, d = x.size(0), y.size(0), x.size(1)
    assert d == y.size(1)
    x = x.unsqueeze(1).expand(n, m, d)
    y = y.unsqueeze(0).expand(n, m, d)
    return torch.pow(x - y, 2).sum(2)


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), nn.MaxPool2d(2))


class Net(nn.Module):
    def __init__(self, way=5, shot=3):
        super().__init__()
        self.way, self.shot = way, shot
        self.encoder = nn.Sequential(block(1, 8), block(8, 8), block(8, 8), block(8, 8), nn.Flatten())

    def forward(self, support, query):
        n_class, n_support = self.way, self.shot
        x = torch.cat([support, query], 0)
        z = self.encoder(x)
        z_dim = z.size(-1)
        proto = z[:n_class * n_support].view(n_class, n_support, z_dim).mean(1)
        zq = z[n_class * n_support:]
        dists = euclidean_dist(zq, proto)
        n_query = zq.size(0) // n_class
        log_p = torch.log_softmax(-dists, dim=1).view(n_class, n_query, -1)
        target = torch.arange(0, n_class).view(n_class, 1, 1).expand(n_class, n_query, 1).long()
        return -log_p.gather(2, target).squeeze().view(-1).mean()
