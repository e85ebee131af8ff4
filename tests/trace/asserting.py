"""A network that checks its data. pytest rewrites the asserts of test files; here they stay."""

from __future__ import annotations

import torch
from torch import nn


class Asserting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        low, high = y.min(), y.max()
        assert low <= high, f"{low} is above {high}"
        assert -1 <= low < 5
        assert not low.isnan() and high > low  # noqa: PT018 (two questions, one check)
        assert low.item() < 3
        if high < low:
            raise ValueError("upside down")
        if not low < high:
            raise ValueError("not sorted")
        if low > -9:
            z = y + 1
        else:
            message = "too low"
            raise ValueError(message)
        chosen = y[y > 0]
        if len(chosen) % 7 != 3:
            raise ValueError("not by seven")
        assert 0 < chosen.shape[0] <= 100
        return z


class Points(nn.Module):
    """Goes over as many items as data decides, and checks each."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = x[0, 0] > 0
        points = torch.nonzero(mask)
        kept = []
        for i in torch.argsort(torch.masked_select(x[0, 0], mask)):
            point = points[i] + 4
            assert 4 <= point[0] < x.shape[2] + 4
            kept.append(point)
        return torch.stack(kept)
