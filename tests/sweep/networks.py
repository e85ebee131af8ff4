"""Networks of which it is known for which sizes they work."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class UNet(nn.Module):
    """Two levels, without care for sides that are no multiples of 4."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 8, 3, padding=1)
        self.third = nn.Conv2d(8, 16, 3, padding=1)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.last = nn.ConvTranspose2d(16, 4, 2, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.first(x)
        second = self.second(F.max_pool2d(first, 2))
        third = self.third(F.max_pool2d(second, 2))
        joined = torch.cat([second, self.up(third)], 1)
        return torch.cat([first, self.last(joined)], 1)


class Padded(UNet):
    """The same, that pads what does not fit: a branch for each side."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[2:]
        if height % 4 != 0:
            x = F.pad(x, (0, 0, 0, 4 - height % 4))
        if width % 4 != 0:
            x = F.pad(x, (0, 4 - width % 4))
        return super().forward(x)[:, :, :height, :width]


class Classifier(nn.Module):
    """Flattens 16 maps of 7×7."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.ReLU(), nn.MaxPool2d(4)
        )
        self.classify = nn.Linear(16 * 7 * 7, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classify(self.features(x).flatten(1))  # type: ignore[no-any-return]


class Patches(nn.Module):
    """Tokens of 8×8 pixels, with as many positions as 64×64 pixels have."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 12, 8, stride=8)
        self.positions = nn.Parameter(torch.zeros(1, 64, 12))
        self.attend = nn.MultiheadAttention(12, 3, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.embed(x).flatten(2).transpose(1, 2) + self.positions
        return self.attend(tokens, tokens, tokens)[0].mean(1)  # type: ignore[no-any-return]


class Windows(nn.Module):
    """Windows of 8×8; where a side has one window or none, the copy is none."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 4, 7, stride=4, padding=3)
        self.tile = nn.Parameter(torch.zeros(1, 4, 8, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.embed(x)
        height, width = x.shape[2:]
        tiles = self.tile.tile((height // 8, width // 8))
        x = (x + tiles).permute(0, 2, 3, 1).contiguous()
        n, height, width, channels = x.shape
        x = x.view(n, height // 8, 8, width // 8, 8, channels)
        return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, 8, 8, channels)


class Paired(nn.Module):
    """Two samples make one, where the batch is even."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, channels = x.shape
        return x.view(n // 2, 2, channels).sum(1) if n % 2 == 0 else x


class Lazy(nn.Sequential):
    """Its weights get their sizes from the first image."""

    def __init__(self) -> None:
        super().__init__(nn.LazyConv2d(2, 3), nn.Flatten(), nn.LazyLinear(2))


class Strict(nn.Module):
    """Refuses other images by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[2] != x.shape[3]:
            raise ValueError("square images only")
        assert x.shape[2] >= 10, "too small"
        return self.conv(x)  # type: ignore[no-any-return]


class Gated(nn.Module):
    """A gate of one value for each channel, a resized skip, windows of 4×4 and back."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        y = y * self.gate(y)
        n, c, h, w = y.shape
        y = F.pad(y, (0, -w % 4, 0, -h % 4))
        tall, wide = y.shape[2] // 4, y.shape[3] // 4
        y = y.view(n, c, tall, 4, wide, 4).permute(0, 2, 4, 1, 3, 5).reshape(-1, c, 4, 4)
        y = (
            y.view(n, tall, wide, c, 4, 4)
            .permute(0, 3, 1, 4, 2, 5)
            .reshape(n, c, tall * 4, wide * 4)
        )
        y = F.interpolate(y[:, :, :h, :w], scale_factor=2)
        return y[:, :3, : x.shape[2], : x.shape[3]] + x


class Sequence1d(nn.Module):
    """Halves a sequence twice, and joins the halves of it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(6, 8, 4, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        left, right = y.chunk(2, dim=2)
        return left + right


class Late(nn.Module):
    """Works from 50 on, but not for multiples of 16."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, (50, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[2] % 16 == 0:
            raise ValueError("a multiple of 16")
        return self.conv(x)  # type: ignore[no-any-return]


class Fixed(nn.Module):
    """Takes 24×24 only, and divides sizes by sizes then."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.shape[2] == 24
        assert x.shape[3] == 24
        x = F.pad(x, (0, int(x.shape[2] ** 0.5)))
        return x.reshape(2, -1, x.shape[2] * x.shape[3] // x.shape[2])


class Divided(nn.Module):
    """Takes fewer rows, the more there are: a size without a period."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, : 100 // x.shape[2]]


class Windowed(nn.Module):
    """Windows of 4×4 of what was filled up to multiples of 4, and back, as Swin has them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.permute(0, 2, 3, 1).contiguous()
        n, h, w, c = x.shape
        x = F.pad(x, (0, 0, 0, (4 - w % 4) % 4, 0, (4 - h % 4) % 4))
        _, tall, wide, _ = x.shape
        y = x.view(n, tall // 4, 4, wide // 4, 4, c).permute(0, 1, 3, 2, 4, 5)
        y = y.contiguous().view(-1, 16, c)
        y = y.view(-1, 4, 4, c).view(n, tall // 4, wide // 4, 4, 4, -1)
        y = y.permute(0, 1, 3, 2, 4, 5).contiguous().view(n, tall, wide, -1)
        return y[:, :h, :w, :].contiguous()


class Halves(nn.Module):
    """What the one half leaves unread, the other reads."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Conv2d(3, 4, 3, stride=2)
        self.right = nn.AvgPool2d(2)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.left(x), self.right(x)


class Odd(nn.Module):
    """Works for heights of 4·k and 4·k + 3."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[2] % 4 in (1, 2):
            raise ValueError("neither")
        return x
