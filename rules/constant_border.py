"""# constant-border

## What it does
Finds transposed convolutions whose `output_padding` is larger than their `padding`.

## Why is this bad?
`output_padding` adds rows at the end, and the padding cuts rows off at both ends: where more are
added than were cut off, no window reaches the last `output_padding - padding` rows, and they hold
the bias and nothing else, whatever the input is.  "output_padding is only used to find output
shape, but does not actually add zero-padding to output"
([nn.ConvTranspose2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html))
holds only up to there.

## Example
```python
# convlint: target Net 1,8,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2, output_padding=1)  # error: CL528

    def forward(self, x):
        return self.up(x)
```

## Use instead
```python
# convlint: target Net 1,8,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1, output_padding=1)

    def forward(self, x):
        return self.up(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.advice.upsampling import OPERATORS, even, overlaps


@rule("CL528", *OPERATORS, silent=True)
def constant_border(layer: Layer, network: Network) -> Iterator[Finding]:
    for axis, one in overlaps(layer):
        border = one.border
        if border and not (one.holes and border <= one.stride - one.kernel):  # the last hole
            cells = "output holds" if border == 1 else f"{border} outputs hold"
            extent = one.dilation * (one.kernel - 1) + 1
            yield Finding(
                f"`{layer.title}` ends in a constant border: the last {cells} the bias only along "
                f"{axis}, since no window reaches so far",
                label=f"{border} more than the windows reach",
                formula=(
                    f"({one.size} − 1)·{one.stride} + {extent} − {one.padding} = {one.end} "
                    f"< {one.output}"
                ),
                help=(
                    f"write {even(layer)}, which gives the same size",
                    "keep output_padding no larger than padding",
                ),
            )
            return
