"""# padding-exceeds-kernel

## What it does
Finds convolutions whose padding is as wide as their whole window, or wider.

## Why is this bad?
The outermost windows lie in the padding alone, and what comes out there is the bias: rows and
columns that are computed, carried along and pooled, and say nothing about the input
([nn.Conv2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html)).  Often padding
and kernel were exchanged.  (FCN pads 100 on purpose, so that any image is large enough.)

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=5)  # warning: CL212

    def forward(self, x):
        return self.conv(x)
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 5, padding=2)

    def forward(self, x):
        return self.conv(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, guess, rule
from convlint.arithmetic.coverage import certain_windows, padding_only
from convlint.arithmetic.drift import exchanged


@rule("CL212", "conv1d", "conv2d", "conv3d", severity="warning", silent=True)
def padding_exceeds_kernel(layer: Layer, network: Network) -> Iterator[Finding]:
    found = certain_windows(layer)
    for window in found:
        before, after = window.padding
        if before < window.extent and after < window.extent:
            continue
        if window.kernel == 1 or layer.args["padding_mode"] != "zeros" or exchanged(found):
            return  # padding-on-1x1; a border of real values; swapped-padding
        head, tail = padding_only(window)
        empty = head + tail
        if not empty:
            return  # the stride leaves those windows out
        yield Finding(
            f"`{layer.title}` pads {max(guess(before), guess(after))} along {window.axis} for a "
            f"window of {window.extent}: {empty} of the {window.output} positions that come out "
            "are made of padding alone",
            label=f"padding {before} ≥ {window.extent}",
            formula=layer.formula,
            help=(f"write padding={guess(window.extent) // 2}",)
            if window.stride != 1 or guess(window.extent) % 2 == 0
            else (f"write padding={guess(window.extent) // 2}, which keeps the size",),
        )
        return
