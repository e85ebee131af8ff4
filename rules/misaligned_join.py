"""# misaligned-join

## What it does
Finds maps that are added or concatenated although the centres of their receptive fields are more
than half a position apart: a neighbour of the position that is joined would fit better.

## Why is this bad?
Position `i` of one branch then speaks of another place in the image than position `i` of the
other.  Causes: a crop at a corner where the middle was meant, padding on one side only, `valid`
convolutions beside padded ones, and upsampling that does not undo the downsampling (a
convolution of 3 with stride 2 and padding 1 is centred on every second pixel, nearest and linear
upsampling on blocks of two: with every level they drift further apart)
([Araujo, Norris, Sim: Computing Receptive Fields](https://distill.pub/2019/computing-receptive-fields/),
section on alignment).  Many published decoders drift like that and learn around it, so this is
only good to know.  Branches that end at the same place (causal convolutions) are left alone.

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

from collections.abc import Iterator
from fractions import Fraction

from convlint import Finding, Layer, Network, rule
from convlint.advice.receptive import LOST, Reach, reach, reaches
from convlint.arithmetic.field import Field, apart


@rule("CL523", severity="info")
def misaligned_join(network: Network) -> Iterator[Finding]:
    known = reaches(network)
    found = []
    for layer in network.layers:
        if layer.op == "add" or layer.op == "cat":
            far, axis = _furthest(layer, known)
            if abs(far) > Fraction(1, 2):
                found.append((layer, far, axis))
    if not found:
        return
    layer, far, axis = found[0]
    many = f"{len(found) - 1} later joins drift, too" if len(found) > 1 else ""
    yield Finding(
        f"`{layer.title}` joins maps whose receptive fields are centred {_spelled(abs(far))} "
        f"positions apart along axis {axis}",
        layer=layer,
        label=f"{_spelled(abs(far))} positions apart",
        help=(
            "crop or pad the branches alike on both sides, and upsample as was downsampled "
            "(pool of 2 with nearest, bilinear or a transposed convolution of 2 or 4; "
            "convolution of 3 and stride 2 with a transposed one of 3)",
        ),
        note=(many,) if many else (),
    )


def _furthest(layer: Layer, known: dict[str, Reach | None]) -> tuple[Fraction, int]:
    """How far the centres are apart at most, in positions, and along which axis."""
    worst, where = Fraction(0), 0
    shape = layer.output.shape if hasattr(layer.output, "shape") else None
    if shape is None:
        return worst, where
    owns = [
        own for t in layer.tensors if (own := reach(t, known)) and len(own.fields) == len(shape)
    ]
    if len(owns) < 2 or all(own.fields is owns[0].fields for own in owns):
        return worst, where
    for axis, n in enumerate(shape):
        column = [(own.fields[axis], own.origins[axis]) for own in owns]
        told = [(f, o) for f, o in column if f is not None and f is not LOST]
        for field, origin in told[1:]:
            if field != told[0][0] and origin == told[0][1] and isinstance(n, int):
                far = _far(told[0][0], field, n)
                if abs(far) > abs(worst):
                    worst, where = far, axis
    return worst, where


def _far(one: Field, other: Field, count: int) -> Fraction:
    if one.jump == other.jump and one.last == other.last:
        return Fraction(0)  # causal: both see up to the same place
    return apart(one, other, count) / max(one.jump, other.jump)


def _spelled(number: Fraction) -> str:
    return f"{float(number):.2g}"
