"""# uneven-padding

## What it does
Notes windows with stride that see the padding at one border of the map, and less or nothing of it
at the other.

## Why is this bad?
The map is sampled off its centre, and kernels learn different things of its two borders
([Alsallakh et al., Mind the Pad](https://arxiv.org/abs/2010.02178)).  It happens at every even
size that a 3×3 window halves, in nine of ten published networks, so the rule is off.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, stride=2, padding=1)  # info: CL216

    def forward(self, x):
        return self.conv(x)
```

## Use instead
```python
# convlint: target Net 1,3,33,33
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, stride=2, padding=1)

    def forward(self, x):
        return self.conv(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, guess, rule
from convlint.arithmetic.coverage import certain_windows, last
from convlint.arithmetic.window import WINDOWED


@rule(
    "CL216",
    *WINDOWED,
    severity="info",
    default=False,
    silent=True,
)
def uneven_padding(layer: Layer, network: Network) -> Iterator[Finding]:
    for window in certain_windows(layer):
        behind = max(0, last(window) - guess(window.size) + 1)
        if window.kernel > 1 and window.padding[0] != behind:
            yield Finding(
                f"`{layer.title}` sees {window.padding[0]} of the padding before {window.axis}, "
                f"and {behind} behind it",
                label=f"{window.padding[0]} before, {behind} behind",
                formula=layer.formula,
            )
            return
