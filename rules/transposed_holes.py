"""# transposed-holes

## What it does
Finds transposed convolutions whose stride is larger than their kernel reaches, or shares a factor
with their dilation, so that outputs between two inputs get nothing.

## Why is this bad?
Such an output is the bias and nothing else, whatever the input is.  Torch does not complain; a
grid of constant cells runs through the map
([nn.ConvTranspose2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html)).
Where the result is added to another map, as in the shortcut of a residual block, the cells get at
least something from there: then it is a warning.  Weights that are no parameters are not looked
at: a fixed kernel that inserts zeros is meant.

## Example
```python
# convlint: target Net 1,8,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=3)  # error: CL527

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
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=3)

    def forward(self, x):
        return self.up(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, Severity, rule
from convlint.advice.upsampling import OPERATORS, is_added, overlaps
from convlint.arithmetic.overlap import Overlap

_BETWEEN = ("batch_norm", "instance_norm", "group_norm", "relu", "leaky_relu", "dropout")


@rule("CL527", *OPERATORS, silent=True)
def transposed_holes(layer: Layer, network: Network) -> Iterator[Finding]:
    for axis, one in overlaps(layer):
        holes = one.holes
        if holes:
            yield Finding(
                f"`{layer.title}` leaves holes: {holes} of {one.output} outputs along {axis} get "
                f"no input and hold the bias only, {_why(one)}",
                label="holes between the windows",
                help=tuple(_helps(one)),
                severity=Severity.WARNING if is_added(layer, network, _BETWEEN) else None,
            )
            return


def _why(one: Overlap) -> str:
    if one.kernel < one.stride:
        return f"since its kernel of {one.kernel} is smaller than its stride of {one.stride}"
    return (
        f"since a kernel of {one.kernel} with dilation {one.dilation} and stride {one.stride} does "
        "not reach them"
    )


def _helps(one: Overlap) -> Iterator[str]:
    if one.dilation > 1:
        yield "write dilation=1"
    if one.kernel < one.stride:
        yield f"write kernel_size={2 * one.stride} (or {one.stride}): a multiple of the stride"
