"""# index-out-of-range

## What it does
Finds numbers that name no element of their axis: in `x[...]`, `select` and `narrow`.

## Why is this bad?
torch raises `index 4 is out of bounds for dimension 1 with size 4`
([indexing](https://docs.pytorch.org/docs/stable/tensor_view.html)).

## Example
```python
# convlint: target Net 2,4,32
import torch.nn as nn

class Net(nn.Module):
    def forward(self, steps):
        return steps[:, 4]  # error: CL404
```

## Use instead
```python
# convlint: target Net 2,4,32
import torch.nn as nn

class Net(nn.Module):
    def forward(self, steps):
        return steps[:, -1]
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convlint import Dim, Finding, Label, Layer, Network, TensorSpec, known, origin, rule


@rule("CL404", "getitem", "setitem", "select", "narrow", "select_scatter")
def index_out_of_range(layer: Layer, network: Network) -> Iterator[Finding]:
    tensor = layer.args.get("input")
    if not isinstance(tensor, TensorSpec) or tensor.shape is None or layer.rejected is not None:
        return
    if layer.op in ("getitem", "setitem"):
        for axis, item in _indices(layer.args["index"], tensor.shape):
            for index in _numbers(item, tensor.shape[axis]):
                yield from _outside(layer, tensor, axis, index)
    elif layer.op == "narrow":
        yield from _narrowed(layer, tensor)
    else:
        yield from _outside(layer, tensor, layer.args["dim"] % len(tensor.shape),
                            layer.args["index"])  # fmt: skip


def _indices(written: Any, shape: tuple[Dim, ...]) -> Iterator[tuple[int, Any]]:
    """What stands in the brackets and takes an axis, each with that axis."""
    items = written if isinstance(written, tuple) else (written,)
    if isinstance(written, list) and any(not isinstance(i, (int, bool)) for i in written):
        items = tuple(written)
    took = [_consumed(item) for item in items]
    axis, rest = 0, len(shape) - sum(took)
    for item, count in zip(items, took, strict=True):
        if item is Ellipsis:
            axis, rest = axis + rest, 0
            continue
        if count == 1:
            yield axis, item
        axis += count


def _numbers(item: Any, size: Dim) -> list[int]:
    """The outermost numbers that certainly index an axis; one of an index tensor stands for all."""
    if isinstance(item, int):
        return [item]
    if isinstance(item, (list, tuple, range)) and all(type(i) is int for i in item) and item:
        return list(dict.fromkeys((min(item), max(item))))
    if isinstance(item, TensorSpec) and str(item.dtype) not in ("torch.bool", "torch.uint8"):
        return [0] if isinstance(size, int) and size == 0 and item.numel != 0 else []
    return []


def _consumed(item: Any) -> int:
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, TensorSpec) and str(item.dtype) in ("torch.bool", "torch.uint8"):
        return 0 if item.shape is None else len(item.shape)
    return 1


def _outside(layer: Layer, tensor: TensorSpec, axis: int, index: Any) -> Iterator[Finding]:
    size = (tensor.shape or ())[axis]
    if not isinstance(index, int) or not known(size) or -size <= index < size:
        return
    last = f"write {size - 1} (or -1) for the last one" if known(size) and size > 0 else ""
    yield _finding(
        layer,
        tensor,
        axis,
        f"index {index} is out of range: axis {axis} of {tensor} has {size} elements",
        (last,) if last else (f"axis {axis} is empty",),
    )


def _narrowed(layer: Layer, tensor: TensorSpec) -> Iterator[Finding]:
    shape = tensor.shape or ()
    axis = layer.args["dim"] % len(shape)
    start, length, size = layer.args["start"], layer.args["length"], shape[axis]
    if not isinstance(start, int) or not known(length, size):
        return
    first = start + size if start < 0 else start
    if first < 0 or first > size:
        yield _finding(
            layer, tensor, axis,
            f"start {start} is out of range: axis {axis} of {tensor} has {size} elements", (),
        )  # fmt: skip
    elif first + length > size:
        yield _finding(
            layer, tensor, axis,
            f"{length} elements from {start} on are too many: axis {axis} of {tensor} has {size}",
            (f"write length={size - first}",),
        )  # fmt: skip


def _finding(
    layer: Layer, tensor: TensorSpec, axis: int, message: str, helps: tuple[str, ...]
) -> Finding:
    source = origin(tensor, axis)
    place = source and (source.definition or source.call)
    size = (tensor.shape or ())[axis]
    return Finding(
        message,
        at=layer.call,
        label=f"axis {axis} has {size} elements",
        related=(Label(f"{size} comes from here", place),) if place else (),
        help=helps,
    )
