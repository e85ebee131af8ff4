"""# feature-mismatch

## What it does
Finds `nn.Linear` and `nn.Bilinear` layers (and `F.linear`, `F.bilinear`) whose input has another
number of features on its last axis than their weights: a head sized for another image, a
flatten that is missing or that swallowed the batch, a `view` that kept an old batch size.

## Why is this bad?
torch raises `mat1 and mat2 shapes cannot be multiplied`, with numbers that no longer say what
they are made of.  A linear layer multiplies the last axis only:
[torch.nn.Linear](https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html).

## Example
```python
# convlint: target Net 1,3,28,28
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 5), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(16 * 14 * 14, 10)  # error: CL102

    def forward(self, x):
        return self.head(self.features(x).flatten(1))
```
```python
# convlint: target Net 1,3,28,28
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 5), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(16 * 12 * 12, 10)

    def forward(self, x):
        x = self.features(x)
        return self.head(x)  # error: CL102
```

## Use instead
```python
# convlint: target Net 1,3,28,28
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 5), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(16 * 12 * 12, 10)

    def forward(self, x):
        return self.head(self.features(x).flatten(1))
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from convlint import (
    Dim,
    Finding,
    Label,
    Layer,
    Network,
    Shape,
    TensorSpec,
    factors,
    guess,
    known,
    origin,
    product,
    rule,
    show,
)
from convlint.advice.whence import whence
from convlint.arithmetic.window import is_map

_MERGES = frozenset({"flatten", "view", "reshape"})
_JOINS = frozenset({"cat", "concat", "concatenate"})
_POOLS = ("avg_pool", "max_pool")


@rule("CL102", "linear", "bilinear")
def feature_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    weight = layer.args["weight"]
    if weight.shape is None:
        return
    if layer.op == "linear":
        yield from _linear(layer, layer.args["input"], weight.shape, network)
        return
    if len(weight.shape) == 3:
        for axis in (1, 2):
            tensor = layer.args[f"input{axis}"]
            if tensor.shape and tensor.shape[-1] != weight.shape[axis]:
                yield _wrong(layer, tensor, weight.shape[axis], f"in{axis}_features")


def _linear(layer: Layer, tensor: TensorSpec, weight: Shape, network: Network) -> Iterator[Finding]:
    shape = tensor.shape
    if shape and len(weight) in (1, 2) and shape[-1] != weight[-1]:
        yield _mismatch(layer, tensor, shape, weight[-1], network)


def _mismatch(
    layer: Layer, tensor: TensorSpec, shape: Shape, wanted: Dim, network: Network
) -> Finding:
    before = _merged(tensor)
    if before is not None and product(before) == wanted and before[0] != 1:
        return _batchless(layer, tensor, before, wanted)
    if before is not None and before[0] != shape[0] and product(before[1:]) == wanted:
        return _refolded(layer, tensor, before, wanted)
    if _flattens(shape, wanted) or (
        len(shape) == 4 and not _featured(shape, wanted) and is_map(tensor) is not False
    ):
        return _unflattened(layer, tensor, wanted, network)
    if len(shape) == 4 and shape[1] == wanted:
        return _map(layer, tensor, wanted)
    if _featured(shape, wanted):
        return _turned(layer, tensor, wanted)
    return _wrong(layer, tensor, wanted, "in_features")


# -- the kinds of fault


def _wrong(layer: Layer, tensor: TensorSpec, wanted: Dim, parameter: str) -> Finding:
    """Another number of features, on the right axis."""
    assert tensor.shape is not None
    arrives = tensor.shape[-1]
    parts = _parts(tensor)
    facts = []
    if parts:
        facts.append(f"{_times(parts)} = {arrives}")
        old = _like(wanted, parts)
        if old:
            facts.append(f"{_times(old)} = {wanted}")
    helps = []
    if known(arrives):
        helps.append(_write(layer, parameter, arrives))
        if parts:
            helps[0] += f": {_times(parts)} = {arrives}"
    elif guess(arrives) > 1:
        likely = _write(layer, parameter, guess(arrives))
        helps.append(f"mend the layers before it first; likely then {likely}")
    helps += _producer(tensor, wanted)
    side = _like(wanted, parts)
    if len(side) == 3 and side[1] == side[2]:
        helps.append(
            f"or put nn.AdaptiveAvgPool2d({side[1]}) before the flatten: {_times(side)} = {wanted}"
        )
    return Finding(
        f"`{layer.title}` takes {wanted} features, but {_count(arrives)}",
        label=f"takes {wanted} features",
        related=whence(tensor, -1, f"{arrives} features come from here"),
        formula="; ".join(facts) or None,
        help=tuple(helps),
    )


def _unflattened(layer: Layer, tensor: TensorSpec, wanted: Dim, network: Network) -> Finding:
    """A map that was never flattened."""
    assert tensor.shape is not None
    start = _flattens(tensor.shape, wanted) or 1
    rest = tensor.shape[start:]
    total = product(rest)
    helps = [f"flatten({start}) is missing before it: {_times(rest)} = {total} features"]
    if total != wanted:
        helps[0] += f", and {_write(layer, 'in_features', total)}"
        helps += _forgotten(layer, tensor.shape, network)
    return Finding(
        f"`{layer.title}` takes {wanted} features, but its input {tensor} is not flattened: "
        f"its last axis has {tensor.shape[-1]}",
        at=layer.call,
        label=f"{tensor} arrives here",
        related=whence(tensor, -1, f"{tensor.shape[-1]} columns come from here"),
        formula=f"{_times(rest)} = {total}",
        help=tuple(helps),
    )


def _map(layer: Layer, tensor: TensorSpec, wanted: Dim) -> Finding:
    """As many channels as features, but the map is larger than 1 × 1."""
    assert tensor.shape is not None
    total = product(tensor.shape[1:])
    pool = origin(tensor, -1)
    helps = []
    if pool is not None and pool.op.startswith(_POOLS):
        helps.append(
            f"`{pool.title}` leaves {_times(tensor.shape[2:])}: nn.AdaptiveAvgPool2d(1) instead "
            f"of it, and flatten(1), give {wanted} features"
        )
    else:
        helps.append(f"put nn.AdaptiveAvgPool2d(1) and flatten(1) before it: {wanted} features")
    helps.append(
        f"or, to apply it to the {wanted} channels of every pixel, permute(0, 2, 3, 1) before it"
    )
    helps.append(f"or flatten(1), and {_write(layer, 'in_features', total)}")
    return Finding(
        f"`{layer.title}` takes {wanted} features, but a map {tensor} arrives: "
        f"its last axis has {tensor.shape[-1]}",
        at=layer.call,
        label=f"{tensor} arrives here",
        related=whence(tensor, -1, f"{tensor.shape[-1]} columns come from here"),
        help=tuple(helps),
    )


def _turned(layer: Layer, tensor: TensorSpec, wanted: Dim) -> Finding:
    """The features are on another axis."""
    assert tensor.shape is not None
    axis = _featured(tensor.shape, wanted)
    return Finding(
        f"`{layer.title}` takes {wanted} features on the last axis, but {tensor} has them on "
        f"axis {axis}; the last has {tensor.shape[-1]}",
        at=layer.call,
        label=f"{tensor} arrives here",
        related=whence(tensor, -1, f"{tensor.shape[-1]} come from here"),
        help=(
            f"put transpose({axis}, {len(tensor.shape) - 1}) before it",
            *(
                [f"or {_write(layer, 'in_features', tensor.shape[-1])}"]
                if known(tensor.shape[-1])
                else []
            ),
        ),
    )


def _batchless(layer: Layer, tensor: TensorSpec, before: Shape, wanted: Dim) -> Finding:
    """A single sample, whose channels the flatten took for the batch."""
    assert tensor.source is not None
    return Finding(
        f"`{layer.title}` takes {wanted} features, but {_arrive(tensor)}: the batch dimension is "
        f"missing, and `{tensor.source.title}` takes the {before[0]} channels of {show(before)} "
        "for it",
        related=_at(tensor.source, f"{show(before)} becomes {tensor} here"),
        formula=f"{_times(before)} = {wanted}",
        help=("add the batch dimension to the input: x.unsqueeze(0)",),
    )


def _refolded(layer: Layer, tensor: TensorSpec, before: Shape, wanted: Dim) -> Finding:
    """A view that made another number of samples."""
    source = tensor.source
    assert source is not None
    assert tensor.shape is not None
    return Finding(
        f"`{layer.title}` takes {wanted} features, but {_arrive(tensor)}: `{source.title}` makes "
        f"{tensor.shape[0]} samples of {before[0]}",
        at=source.call,
        label=f"{show(before)} becomes {tensor}",
        formula=f"{_times(before[1:])} = {wanted}",
        help=(
            f"keep the batch: x.{'view' if source.op == 'view' else 'reshape'}(x.size(0), -1), "
            f"which gives [{before[0]}, {wanted}]",
        ),
    )


def _forgotten(layer: Layer, shape: Shape, network: Network) -> list[str]:
    """A module beside the layer that was never called and takes what arrives."""
    root, (parent, _, name) = network.module, layer.path.rpartition(".")
    if root is None or layer.module is None or not known(*shape) or min(shape, default=0) < 1:
        return []
    called = {path for other in network.layers for path in _prefixes(other.path)}
    beside = root.get_submodule(parent) if parent else root
    for child, module in beside.named_children():
        path = f"{parent}.{child}" if parent else child
        if child == name or path in called or not any(True for _ in module.parameters()):
            continue
        made = _gives(module, shape)
        if made is not None and len(made) > 1 and known(*made):
            total = product(made[1:])
            return [
                f"`{path}` is never called: called before the flatten it gives {show(made)}, "
                f"{_times(made[1:])} = {total} features: {_write(layer, 'in_features', total)}"
            ]
    return []


def _prefixes(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]


def _gives(module: Any, shape: Shape) -> Shape | None:
    from convlint import check

    report = check(module, tuple(shape))
    out = report.network.outputs if report.ok and report.network is not None else None
    return out.shape if isinstance(out, TensorSpec) else None


# -- what they are told with


def _merged(tensor: TensorSpec) -> Shape | None:
    """The shape before the flatten or view that made `tensor`, if one did."""
    source = tensor.source
    if source is None or source.op not in _MERGES or not source.tensors:
        return None
    before = source.tensors[0].shape
    if before is None or tensor.shape is None or len(before) <= len(tensor.shape):
        return None
    return before


def _parts(tensor: TensorSpec) -> tuple[Dim, ...]:
    """What the features of a sample are the product of."""
    before, shape = _merged(tensor), tensor.shape
    assert shape is not None
    if before is not None and len(shape) == 2 and product(before[1:]) == shape[1]:
        return before[1:]
    return factors(tensor)


def _flattens(shape: Shape, wanted: Dim) -> int:
    """From which axis on `shape` would have to be flattened; 0 if that gives something else."""
    for start in range(len(shape) - 2, 0, -1):
        if product(shape[start:]) == wanted:
            return start
    return 0


def _featured(shape: Shape, wanted: Dim) -> int:
    """Another axis (but the first) that has the right size; 0 if none has."""
    return next((i for i in range(len(shape) - 2, 0, -1) if shape[i] == wanted), 0)


def _like(wanted: Dim, parts: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """`wanted` as a product of the same channels and a square (`16 · 5 · 5 = 400`)."""
    if len(parts) != 3 or not isinstance(wanted, int):
        return ()
    channels = parts[0]
    if not isinstance(channels, int) or channels == 0 or wanted % channels:
        return ()
    side = math.isqrt(wanted // channels)
    if side * side == wanted // channels:
        return (channels, side, side)
    for fixed in (1, 2):  # one side as it is: another height or width
        size = parts[fixed]
        if isinstance(size, int) and size and wanted // channels % size == 0:
            other = wanted // channels // size
            return (channels, other, size) if fixed == 2 else (channels, size, other)
    return ()


def _producer(tensor: TensorSpec, wanted: Dim) -> list[str]:
    """What could be changed where the features come from."""
    source = origin(tensor, -1)
    if source is None or not isinstance(wanted, int):
        return []
    if source.op in _JOINS:
        widths = [t.shape[-1] for t in source.tensors if t.shape]
        count = len(widths)
        if count > 1 and all(w == widths[0] for w in widths) and wanted % count == 0:
            return [f"or make each of the {count} joined parts {wanted // count} wide"]
    elif source.module is not None and source.op in ("linear", "embedding"):
        name = "out_features" if source.op == "linear" else "embedding_dim"
        return [f"or let `{source.title}` give them: {name}={wanted}"]
    return []


def _write(layer: Layer, parameter: str, value: Dim) -> str:
    weight = layer.args["weight"].shape
    if layer.op == "linear" and layer.module is not None and weight is not None:
        return f"write nn.Linear({value}, {weight[0]})"
    if layer.module is not None:
        return f"write {parameter}={value}"
    return f"the weight must be [{weight[0]}, {value}]"


def _at(layer: Layer, text: str) -> tuple[Label, ...]:
    place = layer.definition or layer.call
    return (Label(text, place),) if place is not None else ()


def _count(arrives: Dim) -> str:
    return "1 arrives" if arrives == 1 else f"{arrives} arrive"


def _arrive(tensor: TensorSpec) -> str:
    assert tensor.shape is not None
    return _count(tensor.shape[-1])


def _times(parts: Shape) -> str:
    return " · ".join(str(p) for p in parts)
