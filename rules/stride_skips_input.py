"""# stride-skips-input

## What it does
Notes layers whose stride is larger than their window, so that they jump over positions, whoever
else reads them.

## Why is this bad?
Mostly it is not: the shortcuts of most ResNets do it, and the branch beside them reads the rest.
So the rule is off; unread-activations speaks where nobody reads it.

## Example
```python
# convlint: target Net 1,16,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, stride=2, padding=1)
        self.short = nn.Conv2d(16, 16, 1, stride=2)  # info: CL506

    def forward(self, x):
        return self.conv(x) + self.short(x)
```

## Use instead
```python
# convlint: target Net 1,16,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, stride=2, padding=1)
        self.short = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(16, 16, 1))

    def forward(self, x):
        return self.conv(x) + self.short(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.arithmetic.coverage import certain_windows
from convlint.arithmetic.window import WINDOWED


@rule(
    "CL506",
    *WINDOWED,
    "im2col",
    severity="info",
    default=False,
    silent=True,
)
def stride_skips_input(layer: Layer, network: Network) -> Iterator[Finding]:
    for window in certain_windows(layer):
        if window.stride > window.extent and window.output > 1:
            yield Finding(
                f"`{layer.title}` has a window of {window.extent} along {window.axis} and steps "
                f"by {window.stride}: it jumps over {window.stride - window.extent} of "
                f"{window.stride} positions",
                label=f"stride {window.stride} > {window.extent}",
            )
            return
