"""# cat-mismatch

## What it does
Finds `torch.cat`, `hstack`, `vstack`, `dstack` and `column_stack` of tensors that differ in
another axis than the one they are joined along, or in rank.

## Why is this bad?
torch raises `Sizes of tensors must match except in dimension 1. Expected size 46 but got size 45`
([cat](https://docs.pytorch.org/docs/stable/generated/torch.cat.html)).  In networks with skip
connections it often shows at some image sizes only: an odd side is rounded when it is halved, and
doubled again it is another one.

## Example
```python
# convlint: target Net 1,8,45,80
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, x):
        return torch.cat([self.up(self.down(x)), x], 1)  # error: CL301
```

## Use instead
```python
# convlint: target Net 1,8,45,80
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(8, 8, 3, stride=2, padding=1)

    def forward(self, x):
        up = F.interpolate(self.down(x), size=x.shape[2:])
        return torch.cat([up, x], 1)
```
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from convlint import (
    Finding,
    Label,
    Layer,
    Network,
    Shape,
    TensorSpec,
    guess,
    origin,
    rule,
    show,
)
from convlint.advice.joining import misfit, unequal


@rule("CL301", "cat", "hstack", "vstack", "dstack", "column_stack")
def cat_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.rejected is not None:
        return
    given = [t for t in layer.args["tensors"] if isinstance(t, TensorSpec)]
    tensors = [_raised(layer.op, t) for t in given if t.shape is not None]
    tensors = [t for t in tensors if not _empty(t)]
    ranks = list(dict.fromkeys(len(t.shape or ()) for t in tensors))
    if len(ranks) > 1:
        yield _ranks(layer, tensors)
        return
    if len(tensors) < 2:
        return
    free = _axis(layer, given[0], ranks[0]) % ranks[0]
    axes = unequal(tensors, free)
    if axes:
        finding = misfit(layer, tensors, axes, "join {} " + f"along axis {free}")
        other = _other_axis(layer, tensors, axes, free)
        yield replace(finding, help=(*other, *finding.help))


def _other_axis(
    layer: Layer, tensors: list[TensorSpec], axes: tuple[int, ...], free: int
) -> tuple[str, ...]:
    """Where the tensors differ in one axis only that is no image side: join along that one."""
    shapes = [t.shape for t in tensors if t.shape is not None]
    if layer.op != "cat" or len(axes) != 1 or (len(shapes[0]) > 3 and axes[0] > 1):
        return ()
    made = list(shapes[0])
    made[axes[0]] = sum(guess(s[axes[0]]) for s in shapes)
    if any(s[free] != shapes[0][free] for s in shapes):
        return ()
    return (f"write dim={axes[0]}: joined along that axis they make {show(made)}",)


def _axis(layer: Layer, first: TensorSpec, rank: int) -> int:
    """The axis they are joined along."""
    if layer.op == "hstack":
        return 0 if rank == 1 else 1
    fixed = {"vstack": 0, "dstack": 2, "column_stack": 1}.get(layer.op)
    dim = layer.args.get("dim", 0) if fixed is None else fixed
    return dim if isinstance(dim, int) else 0


def _raised(op: str, tensor: TensorSpec) -> TensorSpec:
    """The tensor with the axes that the call adds to it first."""
    shape = tensor.shape or ()
    made: Shape = shape
    if op == "hstack" and not shape:
        made = (1,)
    elif op == "vstack" and len(shape) < 2:
        made = (1, *shape) if shape else (1, 1)
    elif op == "column_stack" and len(shape) < 2:
        made = (*shape, 1) if shape else (1, 1)
    elif op == "dstack" and len(shape) < 3:
        made = (1, 1, 1) if not shape else (1, shape[0], 1) if len(shape) == 1 else (*shape, 1)
    return tensor if made == shape else TensorSpec(made, tensor.dtype, source=tensor.source)


def _empty(tensor: TensorSpec) -> bool:
    """torch passes over tensors of shape (0,)."""
    shape = tensor.shape or ()
    return len(shape) == 1 and shape[0] == 0


def _ranks(layer: Layer, tensors: list[TensorSpec]) -> Finding:
    first = tensors[0]
    other = next(t for t in tensors if t.rank != first.rank)
    labels = []
    for tensor in (first, other):
        source = origin(tensor, 0) if tensor.shape else None
        place = source and (source.definition or source.call)
        if place:
            labels.append(Label(f"{tensor} comes from here", place))
    low, high = sorted((first, other), key=lambda t: t.rank or 0)
    return Finding(
        f"cannot join {first} and {other}: their ranks are {first.rank} and {other.rank}",
        at=layer.call,
        label="tensors of one rank are joined here",
        related=tuple(dict.fromkeys(labels)),
        help=tuple(_rank_helps(low.shape or (), high.shape or ())),
    )


def _rank_helps(low: Shape, high: Shape) -> Iterator[str]:
    missing = len(high) - len(low)
    if len(low) == 2 and all(n == 1 for n in high[2:]):
        yield f"write .flatten(1) on {show(high)}"
    for axis in range(len(high)):
        if missing == 1 and high[:axis] == low[:axis] and high[axis + 1 :] == low[axis:]:
            yield f"write .unsqueeze({axis}) on {show(low)}"
            return
    if low[:2] == high[:2] or (len(low) == 2 and low[:1] == high[:1]):
        index = ", ".join([":"] * len(low) + ["None"] * missing)
        sizes = ", ".join(["-1"] * len(low) + [str(n) for n in high[len(low) :]])
        yield f"write [{index}].expand({sizes}) on {show(low)}"
