"""Networks that branch.  They stand in a file that pytest does not rewrite."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Fork(nn.Module):
    """Layers for the networks below: `wrong` takes 6 channels where 4 arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.right = nn.Conv2d(4, 4, 1)
        self.left = nn.Conv2d(4, 4, 1)
        self.wide = nn.Conv2d(4, 6, 1)
        self.wrong = nn.Conv2d(6, 4, 1)


class BothFine(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        x = self.right(x) if x.mean() > 0 else self.left(x)
        if x.sum() > 3:
            x = self.left(x)
        return x


class WrongIfTrue(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.mean() > 0:
            y = self.wrong(y)
        return y


class WrongIfFalse(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.mean() > 0:
            y = self.right(y)
        else:
            y = self.wrong(y)
        return y


class WrongInTernary(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        return self.wrong(y) if x.mean() > 0 else self.right(y)


class WrongIfNot(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if not (x > 0).all():
            y = self.wrong(y)
        return y


class WrongBehind(Fork):
    """The side itself is right, and what comes behind both is not."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.mean() > 0:
            y = self.wide(y)
        return self.left(y)


class WrongByNumber(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        level = x.mean().item()
        if level > 0.5:
            return self.wrong(y)
        return y


class WrongByCount(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        bright = torch.nonzero(x > 0)
        if len(bright) == 0:
            return y
        if bright.shape[0] > 10:
            y = self.wrong(y)
        return y


class Unpacking(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.mean() > 0:
            b, c, n = y.shape
            y = y.view(b, c * n)
        return y


class WrongInHelper(Fork):
    def _sharpen(self, y: torch.Tensor) -> torch.Tensor:
        if y.amax() > 0:
            y = self.wrong(y)
        return y

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._sharpen(x[:, :1].expand(-1, 4, -1, -1))


class EarlyReturn(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if not x.mean() > 0:
            return y
        return self.wrong(y)


class Nested(Fork):
    """Three decisions, four paths."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.mean() > 0:
            if x.amax() > 1:
                if x.amin() > 0.5:
                    y = self.wrong(y)
                else:
                    y = self.left(y)
        return y


class Contradiction(Fork):
    """Right, for both questions have the same answer."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.mean() > 0:
            y = self.wide(y)
        if x.mean() <= 0:
            y = self.left(y)
        else:
            y = self.wrong(y)
        bright = (x > 0).any()
        if bright:
            y = self.wide(y)
        if not bright:
            y = self.right(y)
        return y


class Related(Fork):
    """Right, and only who knows numbers can tell so."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.amax() > 1:
            y = self.wide(y)
        if (x - 1).amax() > 0:
            y = self.wrong(y)
        else:
            y = self.left(y)
        return y


class Apart(Fork):
    """Two decisions about two inputs, and what only one pair of answers leads to."""

    def forward(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.mean() > 0:
            y = self.wide(y)
        if z.mean() > 0:
            y = y.mean(1, keepdim=True).expand(-1, 4, -1, -1)
        return self.right(y)


class Many(Fork):
    """20 decisions that have nothing to do with one another."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x[:, :, 0].mean() > 0:
            y = y + 1
        if x[:, :, 1].mean() > 0:
            y = y + 1
        if x[:, :, 2].mean() > 0:
            y = y + 1
        if x[:, :, 3].mean() > 0:
            y = y + 1
        if x[:, :, 4].mean() > 0:
            y = y + 1
        if x[:, :, 5].mean() > 0:
            y = y + 1
        if x[:, :, 6].mean() > 0:
            y = self.wrong(y)
        if x[:, :, 7].mean() > 0:
            y = y + 1
        if x[:, :, 8].mean() > 0:
            y = y + 1
        if x[:, :, 9].mean() > 0:
            y = y + 1
        if x[:, :, 10].mean() > 0:
            y = y + 1
        if x[:, :, 11].mean() > 0:
            y = y + 1
        if x[:, :, 12].mean() > 0:
            y = y + 1
        if x[:, :, 13].mean() > 0:
            y = y + 1
        if x[:, :, 14].mean() > 0:
            y = y + 1
        if x[:, :, 15].mean() > 0:
            y = y + 1
        if x[:, :, 16].mean() > 0:
            y = y + 1
        if x[:, :, 17].mean() > 0:
            y = y + 1
        if x[:, :, 18].mean() > 0:
            y = y + 1
        if x[:, :, 19].mean() > 0:
            y = y + 1
        return y


class DataLoop(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        while x.mean() > 1:
            x = x / 2
            y = self.left(y)
        for _ in range(3):
            y = self.right(y)
            if y.abs().amax() < 1:
                y = self.wrong(y)
                break
        return y


class WhileData(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        while x.amax() > 1:
            x = x / 2
            y = self.wrong(y)
        return y


class Where(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        return torch.where(x.mean() > 0, self.right(y), self.left(y))


class Checked(Fork):
    """The sides that raise are checks."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.shape[-1] <= 64, f"too wide: {x.shape[-1]}"
        if x.isnan().any():
            raise ValueError("not a number")
        if x.shape[-2] > 64:
            message = "too high"
            raise ValueError(message)
        assert x.amax() < 1e6
        return self.conv(x)


class Endless(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.mean() > 0:
            count = 1
            while count:
                count = count + 1
        return y


class Exiting(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.mean() > 0:
            raise SystemExit("bright")
        if x.amin() < 0:
            self.conv = None
            y = torch.cat([y, y])
        return y


class Wide(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.shape[-1] > 32:
            y = self.wrong(y)
        return y


class WideFine(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if x.shape[-1] > 32:
            y = F.avg_pool2d(y, 2)
        if y.shape[-1] % 2:
            y = F.pad(y, (0, 1))
        return y


class WideDeep(Fork):
    """The question is asked of what comes out of a layer."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.max_pool2d(self.conv(x), 4)
        large = y.shape[-2] >= 20
        if large:
            y = self.wrong(y)
        return y


class OneSize(Fork):
    """Meant for 32 pixels: elsewhere other layers fail, and the branch is not to blame."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4 * 32 * 32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.fc(self.conv(x).flatten(1))
        if x.shape[-1] > 32:
            y = y[:, :, None]
            return self.wrong(y)
        return y


class Odd(Fork):
    """Fails behind the branch at every size but the declared one; within it, nothing is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4 * 32 * 32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if y.shape[-1] % 2:
            y = F.pad(y, (0, 1))
        return self.fc(y.flatten(1))


class Trained(Fork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if self.training:
            y = y + 1
            y = self.right(y)
        return y


class WrongInOneRound(Fork):
    """One round is enough to fail, behind the loop as well."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        for channel in y.unbind(1):
            if channel.mean() > 0:
                y = x
        return self.right(y)


class EmptyIfNoRound(Fork):
    """Something may always be left: each round asks about other data."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        channels = self.conv(x).unbind(1)
        most = self.conv(x).mean((2, 3)).amax()
        kept = []
        for channel in channels:
            if channel.mean() >= most:
                kept.append(channel)
        return torch.cat(kept)
