"""# border-layer

## What it does
Finds the first convolution with a kernel larger than 1 whose input has already seen the whole
image: the receptive field is as large as the image along every axis.

## Why is this bad?
A convolution brings positions together that have seen different parts of the image.  From here on
there is no other part: the layers after it can refine features, but integrate nothing new, and
were measured to contribute little or nothing to accuracy
([Richter et al.: Should You Go Deeper?](https://arxiv.org/abs/2106.12307)).  Most networks have
such a layer (78 % of timm's at their own size), so the rule is off by default; it helps to choose
an image size for a network, or a depth for an image size.  Shortcuts hand smaller fields on, too;
what is told is the largest.

## Example
```python
# convlint: target Net 1,3,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 7, stride=2, padding=3),
            nn.Conv2d(8, 8, 7, padding=3),
            nn.Conv2d(8, 8, 3, padding=1),  # info: CL520
        )

    def forward(self, x):
        return self.body(x)
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 7, stride=2, padding=3),
            nn.Conv2d(8, 8, 7, padding=3),
            nn.Conv2d(8, 8, 3, padding=1),
        )

    def forward(self, x):
        return self.body(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Network, rule
from convlint.advice.productive import wide_convolutions


@rule("CL520", severity="info", default=False, silent=True)
def border_layer(network: Network) -> Iterator[Finding]:
    first = next((wide for wide in wide_convolutions(network) if wide.is_past), None)
    if first is not None:
        yield Finding(
            f"`{first.layer.title}` is the first convolution whose input has seen the whole "
            f"image: its receptive field is {first.field}, the image is {first.image}",
            layer=first.layer,
            label=f"sees {first.field} of {first.image}",
            help=("layers after it integrate nothing new: larger images, or fewer layers",),
        )
