"""# padding-exceeds-input

## What it does
Finds paddings that need more of the input than there is: a mirrored border (`reflect`) as wide as
the map, a wrapped one (`circular`) wider than the map, and negative padding that cuts off more
than arrives.  Also in convolutions with a `padding_mode`.

## Why is this bad?
torch raises `Padding size should be less than the corresponding input dimension`
([nn.ReflectionPad2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html)).
Deep in a network maps are small, and the same block that pads 64×64 maps cannot pad 2×2 ones.

## Example
```python
# convlint: target Net 1,8,3,3
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pad = nn.ReflectionPad2d(3)  # error: CL202

    def forward(self, x):
        return self.pad(x)
```

## Use instead
```python
# convlint: target Net 1,8,3,3
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pad = nn.ReplicationPad2d(3)

    def forward(self, x):
        return self.pad(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convlint import Dim, Finding, Layer, Network, rule
from convlint.arithmetic.layout import NAMES
from convlint.arithmetic.window import axes_of, pad_ends, paddings, per_axis, reading

Row = tuple[str, Dim, Dim, Dim]
"""An axis, its size, what is added before and after."""


@rule("CL202", "pad", "conv1d", "conv2d", "conv3d")
def padding_exceeds_input(layer: Layer, network: Network) -> Iterator[Finding]:
    image = layer.args.get("input")
    if image is None or image.shape is None or layer.rejected is not None:
        return
    mode, rows = _padded(layer) if layer.op == "pad" else _convolved(layer)
    # a mirrored or repeated border may leave an axis empty, but not every axis
    empty = mode in ("reflect", "replicate") and all(n + b + a < 1 for _, n, b, a in rows)
    for axis, n, before, after in rows:
        yield from _exceeds(layer, mode, axis, n, before, after, 1 if empty else 0)


def _padded(layer: Layer) -> tuple[str, Sequence[Row]]:
    image, ends = layer.args["input"], pad_ends(layer.args["pad"])
    mode = layer.args["mode"]
    if len(ends) > len(image.shape):
        return "", ()  # rank-mismatch
    if mode not in ("reflect", "circular", "replicate"):
        mode = "constant"
    elif len(image.shape) - len(ends) not in (1, 2):
        return "", ()
    names = NAMES.get(len(ends), tuple(f"axis {d}" for d in range(-len(ends), 0)))
    sizes = image.shape[len(image.shape) - len(ends) :]
    return mode, [(axis, n, *end) for axis, n, end in zip(names, sizes, ends, strict=True)]


def _convolved(layer: Layer) -> tuple[str, Sequence[Row]]:
    mode, read, weight = layer.args["padding_mode"], reading(layer), layer.args["weight"]
    if mode == "zeros" or read is None or weight.shape is None:
        return "", ()
    axes = axes_of(layer.op)
    ends = paddings(
        layer.args["padding"], weight.shape[2:], per_axis(layer.args["dilation"], axes) or ()
    )
    rows = zip(NAMES[axes], read.spatial(axes), ends or (), strict=True)
    return mode, [(axis, n, *end) for axis, n, end in rows]


def _exceeds(
    layer: Layer, mode: str, axis: str, n: Dim, before: Dim, after: Dim, least: int
) -> Iterator[Finding]:
    room = n + _negative(before) + _negative(after)
    formula = f"{n} + {before} + {after} = {n + before + after}"
    label = "made for larger maps"
    if mode == "reflect" and (before >= n or after >= n):
        most = before if before >= n else after
        yield Finding(
            f"`{layer.title}` mirrors {most} along {axis}, but of the {n} that arrive only "
            f"{n - 1} can be mirrored",
            label=label,
            help=(
                f"pad {n - 1} or less along {axis}, or use mode 'replicate' "
                "(nn.ReplicationPad2d), which has no limit",
            ),
        )
    elif mode == "circular" and (before > room or after > room):
        # where the other end is cut, torch raises for some strides and wraps garbage for others
        most = before if before > room else after
        yield Finding(
            f"`{layer.title}` wraps {most} along {axis}, but only {room} "
            + ("arrive" if room is n else f"of {n} are left"),
            label=label,
            help=(f"pad {room} or less along {axis}",),
        )
    elif (before < 0 or after < 0) and (
        n + before + after < least or (mode == "constant" and room < 0)
    ):
        yield Finding(
            f"`{layer.title}` cuts {-_negative(before) - _negative(after)} off {axis}, but only "
            f"{n} arrive",
            formula=formula,
        )


def _negative(end: Dim) -> Dim:
    return end if end < 0 else 0
