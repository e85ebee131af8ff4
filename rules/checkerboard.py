"""# checkerboard

## What it does
Finds transposed convolutions whose kernel size is not a multiple of their stride.

## Why is this bad?
Windows then overlap unevenly: with a kernel of 3 and a stride of 2, every second row is a sum of
two taps and the rows between are one tap, and in two dimensions cells get 1, 2 or 4.  Constant
input and weights already give a checkerboard, which training must first unlearn, and which
often stays visible in generated images
([Odena, Dumoulin, Olah: Deconvolution and Checkerboard Artifacts](https://distill.pub/2016/deconv-checkerboard/)).
Many published decoders are built like that (CycleGAN, pix2pixHD), so this is only good to know.

## Example
```python
# convlint: target Net 1,8,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1)  # info: CL526

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
        self.up = nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1)

    def forward(self, x):
        return self.up(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.advice.upsampling import OPERATORS, even, overlaps
from convlint.arithmetic.overlap import Overlap


@rule("CL526", *OPERATORS, severity="info", silent=True)
def checkerboard(layer: Layer, network: Network) -> Iterator[Finding]:
    uneven = [(axis, overlap) for axis, overlap in overlaps(layer) if _uneven(overlap)]
    if not uneven:
        return
    _, one = uneven[0]
    counts = " and ".join(str(count) for count in sorted(set(one.taps)))
    axes = " and ".join(axis for axis, _ in uneven)
    yield Finding(
        f"`{layer.title}` overlaps unevenly along {axes}: its kernel of {one.kernel} is no "
        f"multiple of its stride of {one.stride}, so neighbouring outputs are sums of {counts} "
        "taps",
        label="a checkerboard",
        formula=f"{one.kernel} % {one.stride} = {one.kernel % one.stride}",
        help=(
            f"write {even(layer)}, which gives the same size",
            "or resize with nn.Upsample and follow with a convolution",
        ),
    )


def _uneven(overlap: Overlap) -> bool:
    """Whether outputs between the same two inputs get different numbers of taps.

    One that gets none is a fault of its own; a single input overlaps with nothing.
    """
    taps = overlap.taps
    return overlap.size > 1 and overlap.output > 1 and 0 < min(taps) < max(taps)
