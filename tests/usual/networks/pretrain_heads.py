# inputs: 2,3,24,24
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, features_only=False):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 4, 4)
        self.mask_token = nn.Parameter(torch.zeros(1, 16, 1, 1))
        self.layers = nn.ModuleList([nn.Conv2d(16, 16, 3, padding=1) for _ in range(3)])
        self.norm, self.fc_norm = nn.GroupNorm(4, 16), nn.Identity()
        self.head, self.aux = nn.Linear(16, 5), nn.Conv2d(16, 5, 1)
        self.decoder = nn.ConvTranspose2d(16, 3, 4, 4)

    def forward_features(self, x, mask=None):
        x = self.stem(x)
        if mask is not None:
            x = torch.where(mask, self.mask_token, x)
        outs = []
        for i, l in enumerate(self.layers):
            x = F.relu(l(x))
            outs.append(x)
        return self.norm(x), outs

    def reconstruct(self, x, mask):
        f, _ = self.forward_features(x, mask)
        return self.decoder(f)

    def forward(self, x, mask=None, pretrain=False):
        if pretrain:
            return self.reconstruct(x, mask)
        f, outs = self.forward_features(x)
        y = self.head(self.fc_norm(f.mean((-2, -1))))
        if self.training:
            return y, F.interpolate(self.aux(outs[1]), x.shape[-2:], mode="bilinear")
        return y
