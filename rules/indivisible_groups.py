"""# indivisible-groups

## What it does
Finds convolutions whose groups do not divide their output channels, and channel shuffles whose
groups do not divide the channels that arrive.  (The constructors of `nn.Conv2d` and its kin refuse
it themselves.)

## Why is this bad?
Every group has the same number of channels; torch raises `expected weight to be divisible by
groups`, or `Number of channels must be divisible by groups`
([F.conv2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html)).

## Example
```python
# convlint: target Net 1,10,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.shuffle = nn.ChannelShuffle(4)  # error: CL109

    def forward(self, x):
        return self.shuffle(x)
```

## Use instead
```python
# convlint: target Net 1,10,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.shuffle = nn.ChannelShuffle(5)

    def forward(self, x):
        return self.shuffle(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Dim, Finding, Layer, Network, rule

_AXES = ("1d", "2d", "3d")


@rule(
    "CL109", *(f"conv{n}" for n in _AXES), *(f"conv_transpose{n}" for n in _AXES),
    "channel_shuffle",
)  # fmt: skip
def indivisible_groups(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.rejected is not None or "groups" not in layer.args:
        return
    groups = layer.args["groups"]
    if layer.op == "channel_shuffle":
        shape, axis, what = layer.args["input"].shape, 1, "channels"
        if shape is not None and len(shape) < 3:
            return  # rank-mismatch
    else:
        shape, axis = layer.args["weight"].shape, 0
        what = "input channels" if "transpose" in layer.op else "output channels"
    if shape is None:
        return
    channels = shape[axis]
    if channels % groups != 0 or channels < groups:
        yield Finding(
            f"`{layer.title}` has {channels} {what}, which {groups} groups do not divide",
            label=f"groups is {groups}",
            help=tuple(_helps(channels, groups)),
        )


def _helps(channels: Dim, groups: Dim) -> Iterator[str]:
    if isinstance(channels, int) and isinstance(groups, int):
        below = max(g for g in range(1, groups + 1) if channels % g == 0)
        above = next((g for g in range(groups, channels + 1) if channels % g == 0), below)
        yield f"write groups={below}" + (f" or groups={above}" if above != below else "")
