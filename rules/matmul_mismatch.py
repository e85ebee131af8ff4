"""# matmul-mismatch

## What it does
Finds products of matrices (`@`, `torch.matmul`, `torch.bmm`, `torch.mm`, `torch.addmm`, ...) whose
inner sizes differ, whose batches do not broadcast, or whose operands have the wrong rank.

## Why is this bad?
torch raises `mat1 and mat2 shapes cannot be multiplied (2x64 and 32x10)`
([torch.matmul](https://docs.pytorch.org/docs/stable/generated/torch.matmul.html)).

## Example
```python
# convlint: target Net 2,5,64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(64, 32)
        self.key = nn.Linear(64, 32)

    def forward(self, x):
        return self.query(x) @ self.key(x)  # error: CL303
```

## Use instead
```python
# convlint: target Net 2,5,64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(64, 32)
        self.key = nn.Linear(64, 32)

    def forward(self, x):
        return self.query(x) @ self.key(x).transpose(-2, -1)
```
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from convlint import Dim, Finding, Layer, Network, Shape, TensorSpec, origin, rule, show
from convlint.advice.whence import whence
from convlint.arithmetic.broadcast import broadcast, clashes

_RANKS = {
    "mm": (2, 2), "addmm": (2, 2), "bmm": (3, 3), "baddbmm": (3, 3), "addbmm": (3, 3),
    "mv": (2, 1), "addmv": (2, 1), "dot": (1, 1), "vdot": (1, 1), "outer": (1, 1), "addr": (1, 1),
}  # fmt: skip
_FREE = frozenset({"outer", "addr"})  # no inner size
_LAST = frozenset({"inner", "dot", "vdot", "cdist"})  # both sum over their last axis
_PLAIN = frozenset({"matmul", "inner", "cdist"})


@rule(
    "CL303", "matmul", "mm", "bmm", "mv", "dot", "vdot", "inner", "outer", "addmm", "addmv", "addr",
    "baddbmm", "addbmm", "chain_matmul", "multi_dot", "cdist", "tensordot",
)  # fmt: skip
def matmul_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    tensors = layer.tensors
    if layer.rejected is not None or any(t.shape is None for t in tensors):
        return
    if layer.op == "tensordot":
        yield from _contraction(layer, *tensors[:2])
    elif layer.op in ("chain_matmul", "multi_dot"):
        for first, second in pairwise(tensors):
            yield from _product(layer, first, second)
    else:
        addend = layer.op.startswith(("add", "badd"))
        first, second = tensors[1:3] if addend else tensors[:2]
        told = list(_product(layer, first, second))
        yield from told
        if addend and not told:
            yield from _addend(layer, tensors[0])


def _product(layer: Layer, first: TensorSpec, second: TensorSpec) -> Iterator[Finding]:
    one, other = first.shape or (), second.shape or ()
    if not _ranks_fit(layer.op, one, other):
        yield _rank(layer, first, second)
        return
    if layer.op in _FREE:
        return
    if layer.op == "inner" and not (one and other):
        return
    left, right = -1, -1 if layer.op in _LAST or len(other) < 2 else -2
    if one[left] != other[right]:
        yield _inner(layer, first, second, left, right)
    elif layer.op in ("bmm", "baddbmm", "addbmm"):
        if one[0] != other[0]:
            yield _batches(layer, first, second, (0,), (0,))
    elif layer.op in ("matmul", "cdist"):
        axes = clashes(one[:-2], other[:-2])
        if axes:
            places = tuple(a - 2 for a in axes)
            yield _batches(layer, first, second, places, places)


def _ranks_fit(op: str, one: Shape, other: Shape) -> bool:
    if op in _RANKS:
        return (len(one), len(other)) == _RANKS[op]
    if op == "matmul":
        return bool(one) and bool(other)
    if op == "cdist":
        return len(one) > 1 and len(other) > 1
    return True


def _inner(layer: Layer, first: TensorSpec, second: TensorSpec, left: int, right: int) -> Finding:
    one, other = first.shape or (), second.shape or ()
    return Finding(
        f"cannot multiply {show(one)} by {show(other)}: the last axis of the first is {one[left]}, "
        f"the {'last' if right == -1 else 'second to last'} of the second {other[right]}",
        at=layer.call,
        label=f"{one[left]} ≠ {other[right]}",
        related=(*whence(first, left), *whence(second, right)),
        help=tuple(_repairs(layer, first, second, left, right)),
    )


def _repairs(
    layer: Layer, first: TensorSpec, second: TensorSpec, left: int, right: int
) -> Iterator[str]:
    one, other = first.shape or (), second.shape or ()
    if right == -2:
        if other[-1] == one[-1]:
            yield f"write .transpose(-2, -1) on the second: {show(_turned(other))}"
        elif len(one) > 1 and one[-2] == other[-2]:
            yield f"write .transpose(-2, -1) on the first: {show(_turned(one))}"
        elif len(one) > 1 and one[-2] == other[-1]:
            yield f"swap the operands: {show(other)} @ {show(one)}"
    for tensor, axis, wanted in ((second, right, one[left]), (first, left, other[right])):
        source = origin(tensor, axis)
        if source is None or not isinstance(wanted, int):
            continue
        if source.op == "linear" and axis == -1:
            yield f"or let `{source.title}` give {wanted} features: out_features={wanted}"
        elif source.op == "parameter" and tensor.shape == source.outputs[0].shape:
            sizes = list(tensor.shape or ())
            sizes[axis] = wanted
            yield f"or make `{source.title}` of shape {show(tuple(sizes))}"


def _batches(
    layer: Layer,
    first: TensorSpec,
    second: TensorSpec,
    left: tuple[int, ...],
    right: tuple[int, ...],
) -> Finding:
    one, other = first.shape or (), second.shape or ()
    sizes = ", ".join(f"{one[a]} and {other[b]}" for a, b in zip(left, right, strict=True))
    help = "the axes before the last two must be equal, or 1"
    if layer.op in ("bmm", "baddbmm", "addbmm"):
        help = "both must have the same batch; torch.matmul takes a batch of 1 as well"
    return Finding(
        f"cannot multiply {show(one)} by {show(other)}: their batches are {sizes}",
        at=layer.call,
        label=f"{sizes} do not fit",
        related=(*whence(first, left[0]), *whence(second, right[0])),
        help=(help,),
    )


def _rank(layer: Layer, first: TensorSpec, second: TensorSpec) -> Finding:
    one, other = first.shape or (), second.shape or ()
    wanted = _RANKS.get(layer.op)
    names = ("numbers", "vectors", "matrices", "batches of matrices")
    if wanted is None:
        need = "operands with axes" if layer.op == "matmul" else "matrices"
    elif wanted[0] == wanted[1]:
        need = f"{names[wanted[0]]} ({wanted[0]} axes)"
    else:
        need = "a matrix and a vector"
    help: tuple[str, ...] = ()
    if layer.op in ("mm", "bmm", "mv", "dot", "addmm") and one and other:
        help = ("torch.matmul (the operator @) takes any ranks",)
    return Finding(
        f"`{layer.title}` takes {need}, but {show(one)} and {show(other)} arrive",
        at=layer.call,
        label=f"{len(one)} and {len(other)} axes",
        help=help,
    )


def _addend(layer: Layer, addend: TensorSpec) -> Iterator[Finding]:
    own, made = addend.shape or (), layer.outputs[0].shape
    if made is None:
        return
    if not clashes(own, made) and len(broadcast(own, made)) == len(made) and not _larger(own, made):
        return
    yield Finding(
        f"`{layer.title}` adds {show(own)} to a product of shape {show(made)}",
        at=layer.call,
        label=f"{show(own)} does not broadcast to {show(made)}",
        related=tuple(whence(addend, -1) if own else ()),
        help=(f"give it an addend of shape {show(made)}",),
    )


def _larger(own: Shape, made: Shape) -> bool:
    pairs = zip(reversed(own), reversed(made), strict=False)
    return any(isinstance(b, int) and b == 1 and isinstance(a, int) and a != 1 for a, b in pairs)


def _contraction(layer: Layer, first: TensorSpec, second: TensorSpec) -> Iterator[Finding]:
    one, other = first.shape or (), second.shape or ()
    dims = layer.args["dims"]
    if isinstance(dims, int):
        if not 0 <= dims <= min(len(one), len(other)):
            yield Finding(
                f"`{layer.title}` sums over {dims} axes of {show(one)} and {show(other)}",
                at=layer.call,
                help=(f"write dims={min(len(one), len(other))} or less",),
            )
            return
        left, right = tuple(range(-dims, 0)), tuple(range(dims))
    elif isinstance(dims, (tuple, list)) and len(dims) == 2:
        left, right = (tuple(d) if isinstance(d, (tuple, list)) else (d,) for d in dims)
    else:
        return
    if len(left) != len(right) or not _exist(left, len(one)) or not _exist(right, len(other)):
        yield Finding(
            f"`{layer.title}` pairs axes {list(left)} of {show(one)} with axes {list(right)} of "
            f"{show(other)}",
            at=layer.call,
            label="there must be as many of both, and they must exist",
        )
        return
    for a, b in zip(left, right, strict=True):
        if one[a] != other[b] and 1 not in (one[a], other[b]):
            yield Finding(
                f"`{layer.title}` pairs axis {a} of {show(one)} with axis {b} of {show(other)}: "
                f"{one[a]} and {other[b]}",
                at=layer.call,
                label=f"{one[a]} ≠ {other[b]}",
                related=(*whence(first, a), *whence(second, b)),
                help=tuple(_partners(one, other, a)),
            )
            return


def _partners(one: Shape, other: Shape, axis: int) -> Iterator[str]:
    fitting = [i for i, size in enumerate(other) if size == one[axis]]
    if len(fitting) == 1:
        yield f"axis {fitting[0]} of the second has {one[axis]}"


def _exist(axes: tuple[int, ...], rank: int) -> bool:
    return all(isinstance(a, int) and -rank <= a < rank for a in axes)


def _turned(shape: Shape) -> tuple[Dim, ...]:
    return (*shape[:-2], shape[-1], shape[-2])
