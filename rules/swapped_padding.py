"""# swapped-padding

## What it does
Finds convolutions with a long kernel, as `(1, 7)`, whose paddings would keep the size if they were
exchanged, and do not as they are.

## Why is this bad?
The map shrinks along the kernel and grows across it, where nothing but padding is seen; the number
of elements hardly changes, so that little behind it may complain
([nn.Conv2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html): the first number
is for the height, the second for the width).

## Example
```python
# convlint: target Net 1,16,17,17
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.row = nn.Conv2d(16, 16, (1, 7), padding=(3, 0))  # warning: CL213

    def forward(self, x):
        return self.row(x)
```

## Use instead
```python
# convlint: target Net 1,16,17,17
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.row = nn.Conv2d(16, 16, (1, 7), padding=(0, 3))

    def forward(self, x):
        return self.row(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.arithmetic.coverage import certain_windows
from convlint.arithmetic.drift import exchanged, written


@rule("CL213", "conv2d", "conv3d", severity="warning", silent=True)
def swapped_padding(layer: Layer, network: Network) -> Iterator[Finding]:
    found = certain_windows(layer)
    order = exchanged(found)
    if order is None:
        return
    kernel = written([w.kernel for w in found])
    pads = written([w.padding[0] for w in found])
    sizes = "×".join(str(w.size) for w in found)
    made = "×".join(str(w.output) for w in found)
    yield Finding(
        f"`{layer.title}` pads {pads} for a kernel of {kernel}, the wrong way round: "
        f"{sizes} becomes {made}",
        label=f"kernel {kernel}, padding {pads}",
        formula=layer.formula,
        help=(f"write padding={written(order)}, which keeps the size",),
    )
