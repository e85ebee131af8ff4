"""# noncontiguous-view

## What it does
Finds `view` on a tensor whose elements do not lie in the order that the new sizes need: after
`transpose`, `permute`, `expand` or a slice.

## Why is this bad?
torch raises `view size is not compatible with input tensor's size and stride`
([view](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html)).

## Example
```python
# convlint: target Net 2,8,10,16
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        n, heads, t, d = x.shape
        return x.transpose(1, 2).view(n, t, heads * d)  # error: CL402
```

## Use instead
```python
# convlint: target Net 2,8,10,16
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        n, heads, t, d = x.shape
        return x.transpose(1, 2).reshape(n, t, heads * d)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, known, product, rule, show
from convlint.arithmetic.strides import viewed

_MOVERS = frozenset(
    {"permute", "transpose", "t", "T", "mT", "movedim", "moveaxis", "swapaxes", "swapdims",
     "expand", "expand_as", "broadcast_to", "unfold_windows", "getitem", "diagonal"}
)  # fmt: skip


@rule("CL402", "view", "view_as", "unflatten")
def noncontiguous_view(layer: Layer, network: Network) -> Iterator[Finding]:
    tensor, made = layer.tensors[0], layer.outputs[0].shape
    if layer.rejected is not None or not layer.exact or tensor.shape is None or made is None:
        return
    strides = tensor.element_strides()
    if strides is None or not known(*tensor.shape, *strides, *made):
        return
    if tensor.dtype != layer.outputs[0].dtype or product(tensor.shape) != product(made):
        return
    if viewed(tensor.shape, strides, made) is not None:
        return
    name = layer.written.removeprefix("Tensor.")
    better = {"view": "reshape", "view_as": "reshape_as"}.get(name)
    mover = tensor.source
    related: tuple[Label, ...] = ()
    if mover is not None and mover.op in _MOVERS and mover.call is not None:
        related = (Label(f"`{mover.title}` leaves the elements out of order", mover.call),)
    yield Finding(
        f"`{name}` cannot merge axes of {tensor} that do not lie in one piece in memory",
        at=layer.call,
        label=f"strides {show(strides)} cannot be viewed as {show(made)}",
        related=related,
        help=(
            (f"write .{better}(...) instead of .{name}(...)",) if better else ()
        ) + (f"or .contiguous().{name}(...)",),
    )  # fmt: skip
