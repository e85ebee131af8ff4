"""# broadcast-mismatch

## What it does
Finds element-wise operations (`+`, `*`, `torch.maximum`, `==`, ...) on tensors whose shapes do not
broadcast: aligned at their last axes, two sizes must be equal, or one of them 1.  Also finds
in-place forms whose result is larger than the tensor they should change.

## Why is this bad?
torch raises `The size of tensor a (8) must match the size of tensor b (7) at non-singleton
dimension 3` ([broadcasting](https://docs.pytorch.org/docs/stable/notes/broadcasting.html)).
Between the branches of a residual or a pyramid it often shows at some image sizes only: a strided
convolution rounds 15 up to 8, a pool rounds it down to 7.

## Example
```python
# convlint: target Net 1,8,15,15
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.shortcut = nn.AvgPool2d(2)

    def forward(self, x):
        return self.body(x) + self.shortcut(x)  # error: CL302
```

```python
# convlint: target Net 2,7,16
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        mask = x.sum(-1) > 0
        return x * mask.unsqueeze(1)  # error: CL302
```

## Use instead
```python
# convlint: target Net 1,8,15,15
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.shortcut = nn.AvgPool2d(2, ceil_mode=True)

    def forward(self, x):
        return self.body(x) + self.shortcut(x)
```

```python
# convlint: target Net 2,7,16
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        mask = x.sum(-1) > 0
        return x * mask.unsqueeze(-1)
```
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from convlint import Dim, Finding, Layer, Network, Shape, TensorSpec, origin, rule, show
from convlint.advice.batch import RESHAPES
from convlint.advice.mending import meet
from convlint.advice.passage import traced
from convlint.advice.whence import whence
from convlint.arithmetic.broadcast import aligned, broadcast, clashes

_VERBS = {"add": "add", "sub": "subtract", "rsub": "subtract", "mul": "multiply", "div": "divide"}
_COMPARING = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})


@rule(
    "CL302", "add", "sub", "rsub", "mul", "div", "rdiv", "floor_divide", "remainder", "rmod",
    "fmod", "pow", "float_power", "maximum", "minimum", "max", "min", "fmax", "fmin", "atan2",
    "hypot", "copysign", "nextafter", "logaddexp", "logaddexp2", "xlogy", "xlog1py", "zeta",
    "heaviside", "gcd", "lcm", "igamma", "igammac", "ldexp", "isclose", "eq", "ne", "lt", "le",
    "gt", "ge", "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or",
    "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift", "reflected_shift", "clamp",
    "clamp_min", "clamp_max", "addcmul", "addcdiv", "lerp", "where", "masked_fill", "complex",
    "polar", "dist", "cosine_similarity", "pairwise_distance", "vecdot",
)  # fmt: skip
def broadcast_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.rejected is not None:
        return
    tensors = [t for t in layer.tensors if t.shape is not None]
    for first, second in combinations(tensors, 2):
        if clashes(first.shape or (), second.shape or ()):
            yield _mismatch(layer, first, second)
            return
    yield from _in_place(layer, tensors)


def _mismatch(layer: Layer, first: TensorSpec, second: TensorSpec) -> Finding:
    one, other = first.shape or (), second.shape or ()
    axes = clashes(one, other)
    rank = max(len(one), len(other))
    where = ", ".join(f"axis {rank + a} is {one[a]} and {other[a]}" for a in sorted(axes))
    origins = [origin(t, min(axes)) for t in (first, second)]
    formulas = [
        f"`{source.title}`: {source.formula}"
        for source in dict.fromkeys(origins)
        if source is not None and source.formula
    ]
    return Finding(
        f"cannot {_verb(layer, one, other)}: {where}",
        at=layer.call,
        label=f"{show(one)} meets {show(other)} here",
        related=(*whence(first, min(axes)), *whence(second, min(axes))),
        formula="; ".join(formulas) or None,
        help=tuple(dict.fromkeys(_helps(first, second, axes))),
    )


def _verb(layer: Layer, one: Shape, other: Shape) -> str:
    if layer.op in _VERBS:
        return f"{_VERBS[layer.op]} {show(one)} and {show(other)} element by element"
    if layer.op in _COMPARING:
        return f"compare {show(one)} with {show(other)}"
    return f"broadcast {show(one)} and {show(other)} in `{layer.title}`"


def _helps(first: TensorSpec, second: TensorSpec, axes: tuple[int, ...]) -> Iterator[str]:
    for small, big in ((first, second), (second, first)):
        found = aligned(small.shape or (), big.shape or ())
        if len(found) == 1:
            yield _moved(small, found[0], big)
            return
    one, other = first.shape or (), second.shape or ()
    if len(one) == len(other):
        swapped = _transposition(one, other)
        if swapped is not None:
            yield from _unfolded(first, second, swapped) or (
                f"transpose one of them: write .transpose({swapped[0]}, {swapped[1]})",
            )
            return
    yield from meet(first, second, axes)


def _unfolded(first: TensorSpec, second: TensorSpec, swapped: tuple[int, int]) -> tuple[str, ...]:
    """What to write where a reshape has split one axis into the two, in the wrong order."""
    found = []
    for tensor, target in ((first, second), (second, first)):
        makers = {traced(tensor, axis) for axis in swapped}
        layers = {layer for layer, _ in makers}
        layer = next(iter(layers))
        if len(layers) == 1 and layer is not None and layer.op in RESHAPES:
            before, after = layer.tensors[0].shape or (), layer.outputs[0].shape or ()
            if len(before) == len(after) - 1:
                sizes = ", ".join(str((target.shape or ())[axis]) for axis in swapped)
                found.append(
                    f"write {sizes} in `{layer.written}`, which splits one axis into these"
                )
    return tuple(found) if len(found) == 1 else ()


def _moved(small: TensorSpec, target: Shape, big: TensorSpec) -> str:
    """How to bring the axes of `small` to where those of `big` are."""
    shape = small.shape or ()
    made = small.source
    while target and target[0] == 1 and len(target) > len(shape):
        target = target[1:]
    core = tuple(size for size in shape if size != 1)
    ones = [i - len(target) for i, size in enumerate(target) if size == 1]
    if len(shape) == len(target):
        swapped = _transposition(shape, target)
        if made is not None and made.op == "unsqueeze" and len(ones) == 1:
            return f"write .unsqueeze({ones[0]}) instead of .unsqueeze({made.args['dim']})"
        if swapped is not None:
            text = f"write .transpose({swapped[0]}, {swapped[1]}) on {show(shape)}"
            source = origin(small, -1)
            if source is not None and source.op in ("parameter", "buffer", "constant"):
                axis = next(i for i, size in enumerate(target) if size != 1)
                text += f", or keep `{source.title}` as {show(target)} and slice its axis {axis}"
            return text
    if shape == core and len(ones) == 1 and ones[0] != -len(target):
        return f"write .unsqueeze({ones[0]}) on {show(shape)}: {show(target)} fits {big}"
    index = ", ".join("None" if size == 1 else ":" for size in target)
    if shape == core:
        return f"write [{index}] on {show(shape)}: {show(target)} fits {big}"
    return f"bring {show(shape)} to {show(target)}, which fits {big}"


def _transposition(shape: Shape, target: Shape) -> tuple[int, int] | None:
    """The two axes of `shape` that are to be swapped to make it fit `target`."""
    for i, j in combinations(range(len(shape)), 2):
        turned = list(shape)
        turned[i], turned[j] = turned[j], turned[i]
        if tuple(turned) == target:
            return i, j
    return None


def _in_place(layer: Layer, tensors: list[TensorSpec]) -> Iterator[Finding]:
    """`x += y` cannot make `x` larger."""
    name = layer.written.rsplit(".", 1)[-1]
    if not (name.endswith("_") and not name.endswith("__")) and not name.startswith("__i"):
        return
    if len(tensors) < 2 or name == "__invert__" or len(tensors) < len(layer.tensors):
        return
    changed = layer.args.get("input", tensors[0])
    own, others = changed.shape or (), [t.shape or () for t in tensors if t is not changed]
    result = broadcast(own, *others)
    grown = [i for i, n in enumerate(reversed(result), 1) if _grows(own, i, n)]
    if not grown:
        return
    shapes = " and ".join(show(s) for s in others)
    yield Finding(
        f"`{layer.title}` changes {show(own)} in place, but with {shapes} the result is "
        f"{show(result)}",
        at=layer.call,
        label=f"{show(own)} cannot become {show(result)}",
        help=("write it out of place, as in x = x + y",),
    )


def _grows(own: Shape, place: int, size: Dim) -> bool:
    if place > len(own):
        return True
    mine = own[-place]
    return isinstance(mine, int) and mine == 1 and isinstance(size, int) and size != 1
