"""# unpool-mismatch

## What it does
Finds unpooling layers whose input has another shape than the indices of the pooling that they
undo.

## Why is this bad?
Pooling rounds odd sizes off: 135 rows become 67, and unpooling gives 134 of them back; the next
unpooling then has indices for 135.  torch raises `Expected shape of indices to be same as that of
the input tensor`
([nn.MaxUnpool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html)).

## Example
```python
# convlint: target Net 1,3,30,30
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)

    def forward(self, x):
        x, first = self.pool(x)
        x, second = self.pool(x)
        x = self.unpool(x, second)
        return self.unpool(x, first)  # error: CL206
```

## Use instead
```python
# convlint: target Net 1,3,30,30
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)

    def forward(self, x):
        x, first = self.pool(x)
        size = x.size()
        x, second = self.pool(x)
        x = self.unpool(x, second, output_size=size)
        return self.unpool(x, first)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, origin, rule
from convlint.arithmetic.layout import NAMES
from convlint.arithmetic.window import axes_of


@rule("CL206", "max_unpool1d", "max_unpool2d", "max_unpool3d")
def unpool_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    image, indices = layer.args.get("input"), layer.args.get("indices")
    if image is None or indices is None or layer.rejected is not None:
        return
    if image.shape is None or indices.shape is None:
        return
    axes = axes_of(layer.op)
    if len(image.shape) not in (axes + 1, axes + 2):
        return  # rank-mismatch
    if len(image.shape) != len(indices.shape):
        axis = None
    else:
        pairs = zip(image.shape, indices.shape, strict=True)
        wrong = [d for d, (n, m) in enumerate(pairs) if n != m]
        if not wrong:
            return
        axis = wrong[0]
    pool = indices.source
    related = []
    if pool is not None and pool.call is not None:
        related.append(Label(f"the indices {indices} come from here", pool.call))
    yield Finding(
        f"`{layer.title}` gets {image}, but indices of shape {indices}",
        at=layer.call,
        label="the two must have the same shape",
        related=tuple(related),
        help=tuple(_help(layer, axis)),
    )


def _help(layer: Layer, axis: int | None) -> Iterator[str]:
    image, indices = layer.args["input"], layer.args["indices"]
    axes = axes_of(layer.op)
    if axis is None or axis < len(image.shape) - axes:
        return
    source = origin(image, axis)
    if source is not None and source.op.startswith("max_unpool"):
        n, m = image.shape[axis], indices.shape[axis]
        name = NAMES[axes][axis - len(image.shape)]
        sizes = ", ".join(str(d) for d in indices.shape[-axes:])
        yield (
            f"pass output_size=, the size before that pooling, to every unpooling: the one before "
            f"gives {name} = {n} where {m} were pooled; write output_size=({sizes}) there, or "
            f"keep x.size() before the pool"
        )
