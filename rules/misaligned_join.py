"""# misaligned-join

## What it does
Finds maps that are added or concatenated although the centres of their receptive fields are a
whole position or more apart: a neighbour of the position that is joined would fit better.

## Why is this bad?
Position `i` of one branch then speaks of another place in the image than position `i` of the
other.  Causes: a crop at a corner where the middle was meant, padding on one side only, `valid`
convolutions beside padded ones, and upsampling that does not undo the downsampling (a
convolution of 3 with stride 2 and padding 1 is centred on every second pixel, nearest and linear
upsampling on blocks of two: with every level they drift further apart)
([Araujo, Norris, Sim: Computing Receptive Fields](https://distill.pub/2019/computing-receptive-fields/),
section on alignment).  Many published decoders drift like that and learn around it, so this is
only good to know.  Branches that end at the same place (causal convolutions) and the slices of one
map (`x[..., ::2]` beside `x[..., 1::2]`) are left alone.

## Example
```python
# convlint: target Net 1,8,32,32
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))

    def forward(self, x):
        y = self.body(x)
        return torch.cat([x[:, :, :28, :28], y], 1)  # info: CL523
```

## Use instead
```python
# convlint: target Net 1,8,32,32
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))

    def forward(self, x):
        y = self.body(x)
        return torch.cat([x[:, :, 2:-2, 2:-2], y], 1)
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from convlint import Dim, Finding, Layer, Network, TensorSpec, guess, rule
from convlint.advice.pointwise import JOINED, KEPT
from convlint.advice.reach import LOST, Reach
from convlint.advice.receptive import reach, reaches
from convlint.arithmetic.field import Field, apart


@rule("CL523", severity="info", silent=True)
def misaligned_join(network: Network) -> Iterator[Finding]:
    known = reaches(network)
    found = []
    for layer in network.layers:
        if layer.op == "add" or layer.op == "cat":
            far, axis = _furthest(layer, known)
            if far >= 1:
                found.append((layer, far, axis))
    if not found:
        return
    layer, far, axis = found[0]
    more = f"{len(found) - 1} later joins are apart, too" if len(found) > 1 else ""
    yield Finding(
        f"`{layer.title}` joins maps that do not lie over each other: along axis {axis} the "
        f"centres of their receptive fields are up to {float(far):.3g}"
        f" position{'s' if far > 1 else ''} apart",
        layer=layer,
        label=f"not over each other: {float(far):.3g}",
        help=(
            "crop and pad the branches alike on both sides",
            "upsample as was downsampled: what a convolution of 3 with stride 2 has reduced with "
            "a transposed one of 3, what a pool of 2 has reduced with nearest or linear "
            "upsampling, or a transposed convolution of 2 or 4",
        ),
        note=(more,) if more else (),
    )


def _furthest(layer: Layer, known: Mapping[str, Reach | None]) -> tuple[Fraction | int, int]:
    """How far the centres are apart at most, in positions, and along which axis."""
    args, output = layer.args, layer.output
    tensors = args["tensors"] if layer.op == "cat" else (args["input"], args["other"])
    worst: Fraction | int = 0
    where = 0
    if type(output) is not TensorSpec or output.shape is None:
        return worst, where
    owns: list[tuple[TensorSpec, Reach]] = []
    for tensor in tensors:
        own = reach(tensor, known) if type(tensor) is TensorSpec else None
        if own is None or len(own.fields) != len(output.shape):
            continue
        if not any(own.fields == other.fields for _, other in owns):
            owns.append((tensor, own))
    if len(owns) < 2 or all(map(_is_slice, tensors)) or any(map(_is_shifted, tensors)):
        return worst, where
    for axis, n in enumerate(output.shape):
        first, place = owns[0][1].fields[axis], owns[0][1].origins[axis]
        for tensor, own in owns[1:]:
            if own.origins[axis] == place and _sized(owns[0][0], tensor, axis, n):
                far = _far(first, own.fields[axis], guess(n))
                if far > worst:
                    worst, where = far, axis
    return worst, where


def _sized(one: TensorSpec, other: TensorSpec, axis: int, count: Dim) -> bool:
    """Whether both have `count` positions: neither is broadcast, and they are not put in a row."""
    return isinstance(count, int) and all(
        tensor.shape is not None and tensor.shape[axis] == count for tensor in (one, other)
    )


def _is_slice(tensor: object) -> bool:
    source = tensor.source if type(tensor) is TensorSpec else None
    return source is not None and source.op == "getitem"


def _is_shifted(tensor: object) -> bool:
    """Whether a map was moved on purpose: cut at one side and padded at the other."""
    source = tensor.source if type(tensor) is TensorSpec else None
    while source is not None and source.op in KEPT | JOINED:
        source = next((t.source for t in source.tensors if t.source is not None), None)
    if source is None or source.op != "pad":
        return False
    amounts = source.args["pad"]
    return _is_slice(source.args["input"]) or any(isinstance(n, int) and n < 0 for n in amounts)


def _far(one: Field | None, other: Field | None, count: int) -> Fraction | int:
    if one is None or other is None or one is LOST or other is LOST:
        return 0
    if one.jump == other.jump:
        if one.first + one.last == other.first + other.last:
            return 0
        if one.last == other.last:
            return 0  # causal: both see up to the same place
    return abs(apart(one, other, count)) / max(one.jump, other.jump)
