"""# avgpool-counts-padding

## What it does
Notes average poolings that count the zeros they pad (`count_include_pad`, which is the default).

## Why is this bad?
The means along the border are too small: the corner of a 3×3 mean with padding 1 is taken over
four values and divided by nine
([nn.AvgPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html)).  Many
published networks are trained with it, so the rule is off.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.AvgPool2d(3, stride=1, padding=1)  # info: CL215

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
        self.pool = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)

    def forward(self, x):
        return self.pool(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, guess, rule
from convlint.arithmetic.coverage import certain_windows


@rule(
    "CL215", "avg_pool1d", "avg_pool2d", "avg_pool3d", severity="info", default=False, silent=True
)
def avgpool_counts_padding(layer: Layer, network: Network) -> Iterator[Finding]:
    found = certain_windows(layer)
    if not any(window.padding[0] > 0 for window in found):
        return
    if not layer.args["count_include_pad"] or layer.args.get("divisor_override") is not None:
        return
    window, real = 1, 1
    for one in found:
        window *= guess(one.kernel)
        real *= min(guess(one.kernel) - guess(one.padding[0]), guess(one.size))
    yield Finding(
        f"`{layer.title}` counts the zeros that it pads: in the corner it divides {real} values "
        f"by {window}",
        label="count_include_pad is on",
        help=("write count_include_pad=False",),
    )
