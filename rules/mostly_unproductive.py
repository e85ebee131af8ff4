"""# mostly-unproductive

## What it does
Finds networks of which more than three quarters of the convolutions with a kernel larger than 1
come after the receptive field has reached the size of the image.  Asked of
classifiers only: a decoder integrates what shortcuts hand it.

## Why is this bad?
Those convolutions integrate nothing new; networks were measured to do as well without most of
them ([Richter et al.: Should You Go Deeper?](https://arxiv.org/abs/2106.12307)).  The commonest
cause is a network for ImageNet on small images: its stem and its first stage already see all of
32×32 pixels, and the rest works on maps of a few positions.

## Example
```python
# convlint: target Net 1,3,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 7, stride=2, padding=3), nn.MaxPool2d(3, 2, 1))
        self.body = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),  # info: CL521
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
        )
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))
```

## Use instead
```python
# convlint: target Net 1,3,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, stride=2, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
        )
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Network, rule
from convlint.advice.productive import wide_convolutions
from convlint.advice.receptive import classifies

_FEW = 8


@rule("CL521", severity="info", silent=True)
def mostly_unproductive(network: Network) -> Iterator[Finding]:
    if not classifies(network):
        return  # a decoder integrates what shortcuts hand it
    found = list(wide_convolutions(network))
    past = [wide for wide in found if wide.is_past]
    if len(found) < _FEW or len(past) * 4 <= len(found) * 3:
        return
    first = past[0]
    yield Finding(
        f"{len(past)} of {len(found)} convolutions come after the receptive field has reached the "
        f"size of the image, {first.image}: from `{first.layer.title}` on there is nothing new to "
        "integrate",
        layer=first.layer,
        label=f"its input has a field of {first.field}",
        help=("use larger images, a stem that reduces less, or fewer layers",),
    )
