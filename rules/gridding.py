"""# gridding

## What it does
Finds runs of dilated convolutions at one resolution whose output skips positions: between the
first and the last position of the map that it reads, there are some that it never reads.

## Why is this bad?
Two convolutions with dilation 2 read every second row only, so that neighbouring outputs have no
input in common and the map falls apart into a grid; with dilations 1, 2, 9 there are gaps, too.
[Wang et al., Understanding Convolution for Semantic Segmentation](https://arxiv.org/abs/1702.08502)
bound the largest distance `M₂ = max(M₃ − 2r₂, 2r₂ − M₃, r₂)` between what is read, which must not
exceed the kernel, and warn of dilations with a common factor.  This rule counts exactly, over all
branches, and knows that convolutions before or after the dilated ones fill gaps.

## Example
```python
# convlint: target Net 1,3,64,64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            nn.Conv2d(8, 8, 3, padding=2, dilation=2),
            nn.Conv2d(8, 8, 3, padding=2, dilation=2),
            nn.Conv2d(8, 8, 3, padding=2, dilation=2),  # info: CL524
            nn.Conv2d(8, 1, 1),
        )

    def forward(self, x):
        return self.body(x)
```

## Use instead
```python
# convlint: target Net 1,3,64,64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            nn.Conv2d(8, 8, 3, padding=1, dilation=1),
            nn.Conv2d(8, 8, 3, padding=2, dilation=2),
            nn.Conv2d(8, 8, 3, padding=3, dilation=3),
            nn.Conv2d(8, 1, 1),
        )

    def forward(self, x):
        return self.body(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.advice.lattice import ends

_CONVOLUTIONS = frozenset({"conv1d", "conv2d", "conv3d"})


@rule("CL524", severity="info", silent=True)
def gridding(network: Network) -> Iterator[Finding]:
    if not any(layer.op in _CONVOLUTIONS and _dilated(layer) for layer in network.layers):
        return
    told: set[Layer] = set()
    for run in ends(network):
        found = run.gaps()
        if found is None or run.last is None or len(run.dilations) < 2 or run.last in told:
            continue
        told.add(run.last)
        axis, comb = found
        yield Finding(
            f"`{run.last.title}` ends a run of convolutions with dilations "
            f"{', '.join(map(str, run.dilations))} whose output reads {comb.read} of the "
            f"{comb.span} positions that it spans along {axis}",
            layer=run.last,
            label=f"{comb.span - comb.read} positions are skipped",
            help=("choose dilations that grow slowly and have no common factor, as 1, 2, 3 or "
                  "1, 2, 5",),
        )  # fmt: skip


def _dilated(layer: Layer) -> bool:
    dilation = layer.args["dilation"]
    return (
        dilation != (1, 1)
        and dilation != 1
        and any(d != 1 for d in (dilation if isinstance(dilation, (tuple, list)) else (dilation,)))
    )
