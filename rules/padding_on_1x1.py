"""# padding-on-1x1

## What it does
Finds convolutions that pad an axis along which their kernel is 1.

## Why is this bad?
A kernel of 1 needs no padding: the map grows by a border in which the kernel has met nothing but
padding, so that every value of it is the bias
([nn.Conv2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html)).  It comes from
a 3×3 convolution that was made 1×1, or from `padding=1` with a kernel of `(1, 3)`.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 1, padding=1)  # warning: CL211
        self.wide = nn.Conv2d(32, 32, (1, 3), padding=1)  # warning: CL211

    def forward(self, x):
        return self.wide(self.stem(x))
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 1)
        self.wide = nn.Conv2d(32, 32, (1, 3), padding=(0, 1))

    def forward(self, x):
        return self.wide(self.stem(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.arithmetic.coverage import certain_windows
from convlint.arithmetic.drift import exchanged, written


@rule("CL211", "conv1d", "conv2d", "conv3d", severity="warning", silent=True)
def padding_on_1x1(layer: Layer, network: Network) -> Iterator[Finding]:
    found = certain_windows(layer)
    hit = [w for w in found if w.kernel == 1 and (w.padding[0] > 0 or w.padding[1] > 0)]
    if not hit or layer.args["padding_mode"] != "zeros" or exchanged(found):
        return
    one = hit[0]
    along = "" if len(hit) == len(found) else f" along {one.axis}"
    pads = tuple(0 if w in hit else w.padding[0] for w in found)
    yield Finding(
        f"`{layer.title}` pads {one.padding[0]}{along} for a kernel of 1: the border of what "
        f"comes out is made of padding alone",
        label=f"padding {one.padding[0]}, kernel 1{along}",
        formula=layer.formula,
        help=(f"write padding={written(pads)}",),
    )
