"""# impossible-output-size

## What it does
Finds transposed convolutions whose `output_padding` is not smaller than the stride (or the
dilation), and an `output_size` that a transposed convolution or an unpooling cannot give.

## Why is this bad?
A stride of s maps s input sizes to the same output size; `output_padding` and `output_size` choose
among these, so with stride 1 there is nothing to choose.  torch raises `output padding must be
smaller than either stride or dilation`, `requested an output size of ..., but valid sizes range
from ...`, or `invalid output_size`
([nn.ConvTranspose2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html)).

## Example
```python
# convlint: target Net 1,8,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(8, 4, 3, output_padding=1)  # error: CL204

    def forward(self, x):
        return self.up(x)
```

## Use instead
```python
# convlint: target Net 1,8,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1, output_padding=1)

    def forward(self, x):
        return self.up(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Dim, Finding, Layer, Network, Shape, known, rule
from convlint.arithmetic.layout import NAMES, Reading
from convlint.arithmetic.window import axes_of, per_axis, reading, transposed_size, unpooled_size

_AXES = ("1d", "2d", "3d")


@rule("CL204", *(f"conv_transpose{n}" for n in _AXES), *(f"max_unpool{n}" for n in _AXES))
def impossible_output_size(layer: Layer, network: Network) -> Iterator[Finding]:
    read = reading(layer)
    if read is None or layer.rejected is not None:
        return
    wanted = layer.args["output_size"]
    if layer.op.startswith("max_unpool"):
        if wanted is not None:
            yield from _unpooled(layer, read, tuple(wanted))
    elif wanted is not None:
        yield from _requested(layer, read, tuple(wanted))
    else:
        yield from _output_padding(layer)


def _output_padding(layer: Layer) -> Iterator[Finding]:
    axes, args = axes_of(layer.op), layer.args
    columns = [
        per_axis(args[name], axes) or () for name in ("output_padding", "stride", "dilation")
    ]
    for axis, (extra, stride, dilation) in zip(
        NAMES[axes], zip(*columns, strict=True), strict=True
    ):
        if extra >= stride and extra >= dilation:
            most = max(stride, dilation) - 1
            yield Finding(
                f"`{layer.title}` has output_padding {extra} along {axis}, which must be smaller "
                f"than its stride {stride} or its dilation {dilation}",
                label=f"output_padding {extra}, stride {stride}",
                help=(f"write stride={extra + 1}, or output_padding={most}",),
            )
            return


def _requested(layer: Layer, read: Reading, wanted: Shape) -> Iterator[Finding]:
    """What `output_size` may ask of a transposed convolution."""
    axes, args = axes_of(layer.op), layer.args
    lead = len(read.shape) - axes
    if len(wanted) not in (axes, axes + lead):
        yield _wrong_count(layer, wanted, axes, axes + lead)
        return
    if args["weight"].shape is None:
        return
    columns: list[Shape] = [read.spatial(axes), args["weight"].shape[2:]]
    columns += [per_axis(args[name], axes) or () for name in ("stride", "padding", "dilation")]
    for axis, size, (n, k, s, p, d) in zip(
        NAMES[axes], wanted[-axes:], zip(*columns, strict=True), strict=True
    ):
        least = transposed_size(n, k, s, 2 * p, d)
        if size < least or size > least + s - 1:
            yield _out_of_range(layer, axis, n, size, least, least + s - 1)
            return


def _unpooled(layer: Layer, read: Reading, wanted: Shape) -> Iterator[Finding]:
    axes, args = axes_of(layer.op), layer.args
    if len(wanted) not in (axes, axes + 2):
        yield _wrong_count(layer, wanted, axes, axes + 2)
        return
    strides = args["kernel_size"] if args["stride"] is None else args["stride"]
    columns: list[Shape] = [read.spatial(axes)]
    columns += [per_axis(v, axes) or () for v in (args["kernel_size"], strides, args["padding"])]
    for axis, size, (n, k, s, p) in zip(
        NAMES[axes], wanted[-axes:], zip(*columns, strict=True), strict=True
    ):
        plain = unpooled_size(n, k, s, p)
        if size <= plain - s or size >= plain + s:
            yield _out_of_range(layer, axis, n, size, plain - s + 1, plain + s - 1)
            return


def _out_of_range(layer: Layer, axis: str, n: Dim, size: Dim, least: Dim, most: Dim) -> Finding:
    several = f"{least} to {most}" if least != most else f"{least}"
    return Finding(
        f"`{layer.title}` cannot make {axis} = {size} out of {n}: it gives {several}",
        at=layer.call,
        label=f"{axis} = {size} is asked for",
        help=(f"ask for {several} along {axis}",) if known(least, most) else (),
    )


def _wrong_count(layer: Layer, wanted: Shape, axes: int, full: int) -> Finding:
    return Finding(
        f"`{layer.title}` takes {axes} or {full} numbers in output_size, but gets {len(wanted)}",
        at=layer.call,
        label="output_size is given here",
        help=("write output_size=skip.shape[2:], with the tensor whose size is wanted",),
    )
