"""# adaptive-uneven

## What it does
Notes adaptive poolings whose input is not a multiple of their output.

## Why is this bad?
The windows then have different sizes or overlap, so that some positions count more than others
([nn.AdaptiveAvgPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html)).
That is what adaptive pooling is for, so the rule is off.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(6)  # info: CL508

    def forward(self, x):
        return self.pool(x)
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(8)

    def forward(self, x):
        return self.pool(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, guess, known, rule
from convlint.arithmetic.coverage import adaptive_bins
from convlint.arithmetic.layout import NAMES
from convlint.arithmetic.window import axes_of

_NAMES = ("adaptive_avg_pool{}", "adaptive_max_pool{}", "adaptive_max_pool{}_with_indices")


@rule(
    "CL508",
    *(name.format(axes) for name in _NAMES for axes in ("1d", "2d", "3d")),
    severity="info",
    default=False,
    silent=True,
)
def adaptive_uneven(layer: Layer, network: Network) -> Iterator[Finding]:
    before, after = layer.args["input"].shape, layer.outputs[0].shape
    axes = axes_of(layer.op)
    if before is None or after is None or len(before) != len(after) or len(before) <= axes:
        return
    for axis, n, m in zip(NAMES[axes], before[-axes:], after[-axes:], strict=True):
        if not known(n, m) or not 1 < m < n or n % m == 0:
            continue
        widths = sorted({end - begin for begin, end in adaptive_bins(guess(n), guess(m))})
        yield Finding(
            f"`{layer.title}` divides {n} by {m} along {axis}: its windows overlap, and are "
            f"{' and '.join(map(str, widths))} wide",
            label=f"{n} is no multiple of {m}",
        )
        return
