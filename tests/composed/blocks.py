"""Blocks as users write them, with a `forward` of their own."""

from __future__ import annotations

import torch
from torch import nn


class Residual(nn.Module):
    """Adds what its layers give to what they were given."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        changed: torch.Tensor = self.body(x)
        return x + changed


class Branches(nn.Module):
    """Concatenates what several layers make of one tensor."""

    def __init__(self, *layers: nn.Module, dim: int = 1) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dim = dim

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([layer(x) for layer in self.layers], dim=self.dim)


class SqueezeExcite(nn.Module):
    """Weighs the channels of an image by what is seen in all of it."""

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.down = nn.Linear(channels, reduced)
        self.up = nn.Linear(reduced, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = torch.relu(self.down(x.mean((2, 3))))
        b, c, _, _ = x.shape
        return x * torch.sigmoid(self.up(scale)).view(b, c, 1, 1)
