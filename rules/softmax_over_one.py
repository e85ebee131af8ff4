"""# softmax-over-one

## What it does
Finds softmax over an axis that a layer made with a single feature or channel: every value is 1.

## Why is this bad?
`exp(x) / exp(x)` is 1 whatever the network has computed, and its gradient is 0: nothing is learned
([torch.nn.Softmax](https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html)).  A
single output wants a sigmoid.

## Example
```python
# convlint: target Net 8,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classify = nn.Linear(16, 1)

    def forward(self, x):
        return self.classify(self.features(x)).softmax(1)  # error: CL418
```

## Use instead
```python
# convlint: target Net 8,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classify = nn.Linear(16, 1)

    def forward(self, x):
        return self.classify(self.features(x)).sigmoid()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, origin, rule


@rule("CL418", "softmax", "log_softmax", "softmin", silent=True)
def softmax_over_one(layer: Layer, network: Network) -> Iterator[Finding]:
    given, dim = layer.args["input"], layer.args["dim"]
    if not given.shape or not isinstance(dim, int) or layer.rejected is not None:
        return
    axis = dim % len(given.shape)
    if given.shape[axis] != 1 or not isinstance(given.shape[axis], int):
        return
    made = origin(given, axis)
    if made is None or not (made.op == "linear" or made.op.startswith("conv")):
        return
    place = made.definition or made.call
    yield Finding(
        f"`{layer.title}` runs over axis {axis} of {given}, which has a single element: the "
        f"result is {'0' if layer.op == 'log_softmax' else '1'} everywhere",
        layer=layer,
        label=f"axis {axis} of {given} is 1",
        related=(Label("1 comes from here", place),) if place else (),
        help=(f"write .sigmoid(), or give `{made.title}` one output for every class",),
    )
