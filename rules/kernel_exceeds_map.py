"""# kernel-exceeds-map

## What it does
Notes windows that are larger than the map that arrives, and fit only thanks to the padding.

## Why is this bad?
Every output sees padding, and a part of the kernel sees little else.  Where half of it or more
sees nothing but padding, dead-kernel-taps speaks; this rule is for all others, and off
([Richter et al., Should You Go Deeper?](https://arxiv.org/abs/2106.12307)).

## Example
```python
# convlint: target Net 1,3,4,4
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 5, padding=2)  # info: CL217

    def forward(self, x):
        return self.conv(x)
```

## Use instead
```python
# convlint: target Net 1,3,4,4
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1)

    def forward(self, x):
        return self.conv(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.arithmetic.coverage import certain_windows
from convlint.arithmetic.window import WINDOWED


@rule(
    "CL217",
    *WINDOWED,
    severity="info",
    default=False,
    silent=True,
)
def kernel_exceeds_map(layer: Layer, network: Network) -> Iterator[Finding]:
    for window in certain_windows(layer):
        if window.extent > window.size:
            yield Finding(
                f"`{layer.title}` has a window of {window.extent} along {window.axis}, but the "
                f"map has {window.size}",
                label=f"{window.extent} > {window.size}",
                formula=layer.formula,
            )
            return
