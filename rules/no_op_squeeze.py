"""# no-op-squeeze

## What it does
Finds `squeeze(dim)` on a side that is certainly not 1.

## Why is this bad?
torch drops the side only where it is 1, and else hands the tensor on as it is, without a word
([torch.squeeze](https://docs.pytorch.org/docs/stable/generated/torch.squeeze.html)): whoever
wrote it counts on one axis less.

The first side, the batch, is left alone: it is another one at every call.

## Example
```python
# convlint: target Net 4,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d((1, 4))

    def forward(self, x):
        return self.pool(self.conv(x)).squeeze(-1)  # warning: CL541
```

## Use instead
```python
# convlint: target Net 4,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d((1, 4))

    def forward(self, x):
        return self.pool(self.conv(x)).squeeze(2)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, origin, rule


@rule("CL541", "squeeze", severity="warning", silent=True)
def no_op_squeeze(layer: Layer, network: Network) -> Iterator[Finding]:
    given, dim = layer.args["input"], layer.args["dim"]
    if dim is None or given.shape is None:
        return
    rank = len(given.shape)
    named = dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = [d % rank for d in named if isinstance(d, int) and -rank <= d < rank]
    wrong = [axis for axis in axes if axis != 0 and given.shape[axis] != 1]
    if not wrong:
        return
    axis = wrong[0]
    ones = [i for i, n in enumerate(given.shape) if isinstance(n, int) and n == 1 and i != 0]
    source = origin(given, axis)
    place = (source.definition or source.call) if source is not None else None
    yield Finding(
        f"`{layer.title}` drops nothing: side {axis} of {given} is {given.shape[axis]}, not 1",
        at=layer.call,
        label="the tensor stays as it is",
        related=(Label("the side comes from here", place),) if place is not None else (),
        help=(f"squeeze({ones[0]}) drops a side that is 1" if len(ones) == 1 else "leave it out",),
    )
