"""# collapsed-output

## What it does
Finds layers whose window is larger than the padded map that arrives, so that nothing comes out:
convolution, pooling, unfold; and transposed convolutions and upsamplings that give no size.

## Why is this bad?
torch raises `Kernel size can't be greater than actual input size`, or `Output size is too small`
([formula](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html)).  The network was
made for larger images, or strides and poolings have used them up.

## Example
```python
# convlint: target Net 1,3,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 7, stride=4)
        self.conv = nn.Conv2d(8, 8, 5)  # error: CL201

    def forward(self, x):
        return self.conv(self.stem(x))
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 7, stride=4)
        self.conv = nn.Conv2d(8, 8, 5)

    def forward(self, x):
        return self.conv(self.stem(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convlint import Dim, Finding, Label, Layer, Network, Shape, known, origin, rule
from convlint.arithmetic.layout import NAMES
from convlint.arithmetic.window import (
    WINDOWED,
    Window,
    axes_of,
    mode_axes,
    per_axis,
    reading,
    scaled,
    transposed_size,
    unpooled_size,
    windows,
)


@rule(
    "CL201", *WINDOWED, "im2col", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "max_unpool1d", "max_unpool2d", "max_unpool3d", "interpolate",
)  # fmt: skip
def collapsed_output(layer: Layer, network: Network) -> Iterator[Finding]:
    image = layer.args.get("input")
    if image is None or image.shape is None or layer.rejected is not None:
        return
    if "transpose" in layer.op:
        yield from _transposed(layer)
    elif all(known(*t.shape) for t in layer.outputs if t.shape is not None):
        return  # a collapsed side is not known
    elif layer.op == "interpolate":
        yield from _interpolated(layer)
    elif layer.op.startswith("max_unpool"):
        yield from _unpooled(layer)
    else:
        yield from _slid(layer)


def _slid(layer: Layer) -> Iterator[Finding]:
    found = windows(layer)
    whole = layer.op in ("avg_pool3d", "lp_pool3d")  # torch wants one window inside the input
    fallen = [(i, w) for i, w in enumerate(found) if w.output < 1 or (whole and w.size < w.kernel)]
    if not fallen:
        return
    at, worst = fallen[0]
    image = layer.args["input"]
    axis = at - len(found)
    source = origin(image, axis) if len(image.shape) > len(found) else None
    place = source and (source.definition or source.call)
    related: tuple[Label, ...] = ()
    if source is not None and place and source.op != "input":
        related = (Label(f"{worst.axis} = {worst.size} comes from here", place),)
    yield Finding(
        f"`{layer.title}` has a window of {worst.extent}{_dilated(worst)} along {worst.axis}, "
        f"but only {_arriving(worst)}: nothing comes out",
        label=f"{worst.extent} > {worst.padded}" if worst.extent > worst.padded else "",
        related=related,
        formula=layer.formula,
        help=tuple(_helps(layer, found, [w for _, w in fallen])),
    )


def _dilated(window: Window) -> str:
    if window.dilation == 1:
        return ""
    return f" (a kernel of {window.kernel} with dilation {window.dilation})"


def _arriving(window: Window) -> str:
    before, after = window.padding
    if before == 0 and after == 0:
        return f"{window.size} arrive"
    return f"{window.size} + {before} + {after} = {window.padded} are there"


def _helps(layer: Layer, found: Sequence[Window], fallen: Sequence[Window]) -> Iterator[str]:
    one = fallen[0]
    if len(fallen) == len(found) and len({w.smallest for w in fallen}) == 1 and len(found) > 1:
        yield (
            f"both sides must be at least {one.smallest}"
            if len(found) == 2
            else (f"all sides must be at least {one.smallest}")
        )
    else:
        yield "; ".join(f"{w.axis} must be at least {w.smallest}" for w in fallen)
    kernels = tuple(
        (w.padded - 1) // w.dilation + 1 if w in fallen and w.padded > 0 else w.kernel
        for w in found
    )
    if known(*kernels) and all(isinstance(k, int) and k > 0 for k in kernels):
        yield f"or write kernel_size={_numbers(kernels)}"
    if layer.op.startswith("conv") and layer.args["padding"] != "same":
        pads = tuple(
            w.padding[0] + -(-(w.extent - w.padded) // 2) if w in fallen else w.padding[0]
            for w in found
        )
        if known(*pads):
            yield f"or write padding={_numbers(pads)}"


def _numbers(values: Sequence[Dim]) -> str:
    if len(set(values)) == 1:
        return str(values[0])
    return "(" + ", ".join(str(v) for v in values) + ")"


def _transposed(layer: Layer) -> Iterator[Finding]:
    axes, read, args = axes_of(layer.op), reading(layer), layer.args
    if read is None or args["output_size"] is not None or args["weight"].shape is None:
        return
    columns: list[Shape] = [read.spatial(axes), args["weight"].shape[2:]]
    for name in ("stride", "padding", "dilation", "output_padding"):
        columns.append(per_axis(args[name], axes) or ())
    for axis, (n, k, s, p, d, o) in zip(NAMES[axes], zip(*columns, strict=True), strict=True):
        size = transposed_size(n, k, s, 2 * p, d, o)
        if size < 1:  # of 0, some of torch's kernels make an empty map, the others refuse
            room = transposed_size(n, k, s, 0, d, o)
            yield Finding(
                f"`{layer.title}` cuts more off {axis} than it makes: {size} is left",
                formula=layer.formula,
                help=(f"write padding={(room - 1) // 2} or less along {axis}",),
            )
            return


def _unpooled(layer: Layer) -> Iterator[Finding]:
    axes, read, args = axes_of(layer.op), reading(layer), layer.args
    if read is None or args["output_size"] is not None:
        return
    strides = args["kernel_size"] if args["stride"] is None else args["stride"]
    columns: list[Shape] = [read.spatial(axes)]
    columns += [per_axis(v, axes) or () for v in (args["kernel_size"], strides, args["padding"])]
    for axis, (n, k, s, p) in zip(NAMES[axes], zip(*columns, strict=True), strict=True):
        size = unpooled_size(n, k, s, p)
        if size < 0:
            yield Finding(
                f"`{layer.title}` cuts more off {axis} than it makes: {size} is left",
                formula=layer.formula,
            )
            return


def _interpolated(layer: Layer) -> Iterator[Finding]:
    image, args = layer.args["input"], layer.args
    axes = mode_axes(args["mode"], len(image.shape)) or 0
    spatial = image.shape[len(image.shape) - axes :]
    size, factor = args["size"], args["scale_factor"]
    given = per_axis(size if size is not None else factor, axes) or ()
    for axis, n, value in zip(NAMES.get(axes, ()), spatial, given, strict=False):
        out = value if size is not None else scaled(n, value)
        if out < (0 if args["mode"] == "area" else 1):
            yield Finding(
                f"`{layer.title}` leaves nothing of {axis}: {n} becomes {out}",
                formula=layer.formula,
            )
            return
