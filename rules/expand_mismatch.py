"""# expand-mismatch

## What it does
Finds `expand`, `expand_as`, `broadcast_to` and `broadcast_tensors` where a side that is to be
stretched is not 1.

## Why is this bad?
torch raises `The expanded size of the tensor (64) must match the existing size (3136) at
non-singleton dimension 1`
([expand](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html)).

## Example
```python
# convlint: target Net 2,64,7,7
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.count = nn.Linear(64 * 7 * 7, 1)

    def forward(self, x):
        weight = self.count.weight.view(1, -1, 1, 1)
        return (weight.expand_as(x) * x).sum(1)  # error: CL403
```

## Use instead
```python
# convlint: target Net 2,64,7,7
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.count = nn.Linear(64, 1)

    def forward(self, x):
        weight = self.count.weight.view(1, -1, 1, 1)
        return (weight.expand_as(x) * x).sum(1)
```
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from convlint import Dim, Finding, Label, Layer, Network, Shape, TensorSpec, origin, rule, show
from convlint.arithmetic.broadcast import clashes


@rule("CL403", "expand", "expand_as", "broadcast_to", "broadcast_tensors")
def expand_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.rejected is not None:
        return
    if layer.op == "broadcast_tensors":
        for first, second in combinations(layer.tensors, 2):
            one, other = first.shape or (), second.shape or ()
            for axis in clashes(one, other)[:1]:
                yield _finding(layer, first, axis, one[axis], other[axis], other, second)
                return
        return
    tensor, target = layer.tensors[0], _target(layer)
    if tensor.shape is None or target is None:
        return
    for axis in range(-1, -len(tensor.shape) - 1, -1):
        held, wanted = tensor.shape[axis], target[axis]
        if isinstance(wanted, int) and wanted != -1 and held != 1 and held != wanted:
            mate = layer.args.get("other")
            yield _finding(layer, tensor, axis, held, wanted, target, mate)
            return


def _target(layer: Layer) -> Shape | None:
    if layer.op == "expand_as":
        shape: Shape | None = layer.args["other"].shape
        return shape
    size = layer.args["size"]
    return tuple(size) if isinstance(size, (tuple, list)) else (size,)


def _finding(
    layer: Layer, tensor: TensorSpec, axis: int, held: Dim, wanted: Dim, target: Shape,
    mate: TensorSpec | None,
) -> Finding:  # fmt: skip
    labels = []
    for one, size in ((tensor, held), (mate, wanted)):
        source = origin(one, axis) if one is not None else None
        place = source and (source.definition or source.call)
        if place:
            labels.append(Label(f"{size} comes from here", place))
    place_from_front = len(tensor.shape or ()) + axis
    return Finding(
        f"cannot expand {tensor} to {show(target)}: axis {place_from_front} is {held}, neither 1"
        f" nor {wanted}",
        at=layer.call,
        label=f"only a side of 1 can be stretched to {wanted}",
        related=tuple(labels),
        help=(
            f"bring axis {place_from_front} of {tensor} to {wanted} or to 1, or ask for {held}"
            " there",
        ),
    )
