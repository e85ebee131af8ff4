# convlint: target Net 4,1,28,28
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, latent=16):
        super().__init__()
        self.enc1 = nn.Conv2d(1, 16, 3, stride=2, padding=1)
        self.enc2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.mean = nn.Linear(32 * 7 * 7, latent)
        self.logvar = nn.Linear(32 * 7 * 7, latent)
        self.grow = nn.Linear(latent, 32 * 7 * 7)
        self.dec1 = nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1)
        self.dec2 = nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1)

    def encode(self, x):
        h = F.relu(self.enc1(x))
        h = F.relu(self.enc2(h))
        h = h.view(h.size(0), -1)
        return self.mean(h), self.logvar(h)

    def sample(self, mean, logvar):
        std = torch.exp(0.5 * logvar)
        return mean + std * torch.randn_like(std)

    def decode(self, z):
        h = F.relu(self.grow(z)).view(-1, 32, 7, 7)
        return torch.sigmoid(self.dec2(F.relu(self.dec1(h))))

    def forward(self, x):
        mean, logvar = self.encode(x)
        z = self.sample(mean, logvar)
        out = self.decode(z)
        loss = F.binary_cross_entropy(out, x.clamp(0, 1), reduction="none").flatten(1).sum(1)
        kl = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp(), dim=1)
        return out, loss + kl
