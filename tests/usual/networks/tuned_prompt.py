# inputs: 4,3,16,16
import torch
from torch import nn


class Scored(torch.Tensor):
    """Features that carry a score along."""

    @staticmethod
    def __new__(cls, x, score=1.0):
        made = torch.Tensor._make_subclass(cls, x)
        made.score = score
        return made


class Net(nn.Module):
    """A disturbance is tuned at test time, by the gradient of the network's own doubt."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1))
        self.head = nn.Linear(128, 5)

    def tuned(self, z):
        with torch.enable_grad():
            shift = nn.Parameter(torch.zeros_like(z))
            doubt = self.head(z.detach() + shift).logsumexp(-1).sum()
            step, = torch.autograd.grad(doubt, shift)
        return z - 0.1 * step

    def forward(self, x):
        z = self.features(x).flatten(1)
        anchor = nn.Parameter(z.detach().clone(), requires_grad=False)
        scored = Scored(z.detach(), score=0.5)
        z = self.tuned(z) + 0.1 * (anchor - z) + scored.as_subclass(torch.Tensor) * scored.score
        return self.head(z)
