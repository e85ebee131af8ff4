"""# stack-mismatch

## What it does
Finds `torch.stack` of tensors that do not all have the same sizes.

## Why is this bad?
torch raises `stack expects each tensor to be equal size, but got [1, 8, 16] at entry 0 and
[1, 8, 15] at entry 1` ([stack](https://docs.pytorch.org/docs/stable/generated/torch.stack.html)).

## Example
```python
# convlint: target Net 1,4,32
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Conv1d(4, 8, 3, padding=1)
        self.two = nn.Conv1d(4, 8, 5, padding=1)

    def forward(self, x):
        return torch.stack([self.one(x), self.two(x)])  # error: CL305
```

## Use instead
```python
# convlint: target Net 1,4,32
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Conv1d(4, 8, 3, padding=1)
        self.two = nn.Conv1d(4, 8, 5, padding=2)

    def forward(self, x):
        return torch.stack([self.one(x), self.two(x)])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, TensorSpec, rule
from convlint.advice.joining import misfit, unequal


@rule("CL305", "stack")
def stack_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    given = layer.args["tensors"]
    tensors = [t for t in given if isinstance(t, TensorSpec) and t.shape is not None]
    if layer.rejected is not None or len(tensors) < 2:
        return
    first = tensors[0]
    other = next((t for t in tensors if t.rank != first.rank), None)
    if other is not None:
        yield Finding(
            f"cannot stack {first} and {other}: all must have the same sizes",
            at=layer.call,
            label="tensors of one shape are stacked here",
            help=("join them with torch.cat, or bring them to one shape first",),
        )
        return
    axes = unequal(tensors, None)
    if axes:
        yield misfit(layer, tensors, axes, "stack {}")
