"""# padding-over-half-kernel

## What it does
Finds pooling layers whose padding is more than half of their window.

## Why is this bad?
Windows would lie in the padding alone; torch raises `pad should be at most half of effective
kernel size`
([nn.MaxPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html)).

## Example
```python
# convlint: target Net 1,8,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2, padding=2)  # error: CL203

    def forward(self, x):
        return self.pool(x)
```

## Use instead
```python
# convlint: target Net 1,8,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2, padding=1)

    def forward(self, x):
        return self.pool(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.arithmetic.window import windows

_NAMES = ("max_pool{}", "max_pool{}_with_indices", "avg_pool{}")


@rule("CL203", *(name.format(axes) for name in _NAMES for axes in ("1d", "2d", "3d")))
def padding_over_half_kernel(layer: Layer, network: Network) -> Iterator[Finding]:
    for window in windows(layer):
        padding = window.padding[0]
        if padding * 2 > window.kernel:
            most = window.kernel // 2
            yield Finding(
                f"`{layer.title}` pads {padding} along {window.axis}, more than half of its "
                f"window of {window.kernel}",
                label=f"padding {padding} > {window.kernel} // 2",
                help=(
                    f"write padding={most}, or kernel_size={padding * 2} or more; pad more than "
                    "that with F.pad before",
                ),
            )
            return
