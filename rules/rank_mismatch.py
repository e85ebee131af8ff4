"""# rank-mismatch

## What it does
Finds layers over sequences, images and volumes (convolution, pooling, padding, upsampling,
shuffles) whose input has too few or too many axes.

## Why is this bad?
torch raises `Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size`
([nn.Conv2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html)).  Often a
loader hands over flattened images, or the batch is missing.

## Example
```python
# convlint: target Net 16,784
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 3)

    def forward(self, x):
        return self.conv(x)  # error: CL104
```

## Use instead
```python
# convlint: target Net 16,784
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 3)

    def forward(self, x):
        return self.conv(x.view(-1, 1, 28, 28))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Dim, Finding, Layer, Network, TensorSpec, rule
from convlint.arithmetic.layout import NAMES, Reading
from convlint.arithmetic.window import axes_of, channels_of, is_mean, mode_axes, reading

_AXES = ("1d", "2d", "3d")
_KINDS = (
    "conv{}", "conv_transpose{}", "max_pool{}", "max_pool{}_with_indices", "avg_pool{}",
    "lp_pool{}", "adaptive_avg_pool{}", "adaptive_max_pool{}", "adaptive_max_pool{}_with_indices",
    "max_unpool{}",
)  # fmt: skip
_WINDOWS = tuple(kind.format(axes) for kind in _KINDS for axes in _AXES)
_FRACTIONAL = tuple(
    kind.format(axes)
    for kind in ("fractional_max_pool{}", "fractional_max_pool{}_with_indices")
    for axes in _AXES[1:]
)
_ORDERS = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, D, H, W)"}


@rule(
    "CL104", *_WINDOWS, *_FRACTIONAL, "im2col", "pad", "interpolate", "pixel_shuffle",
    "pixel_unshuffle", "channel_shuffle",
)  # fmt: skip
def rank_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    image = layer.args.get("input")
    if image is None or image.shape is None or layer.rejected is not None:
        return
    if layer.op == "pad":
        yield from _pad(layer, image)
    elif layer.op == "interpolate":
        yield from _interpolate(layer, image)
    elif axes_of(layer.op):
        yield from _windows(layer, image)
    elif len(image.shape) < 3:
        yield Finding(
            f"`{layer.title}` takes (..., C, H, W), but {image} has {_count(image)}",
            at=layer.call,
            label=f"{image} arrives",
        )


def _windows(layer: Layer, image: TensorSpec) -> Iterator[Finding]:
    axes = axes_of(layer.op)
    read = reading(layer)
    if read is None or len(image.shape or ()) in (axes + 1, axes + 2):
        return
    if layer.op in ("adaptive_avg_pool2d", "adaptive_avg_pool3d") and is_mean(
        layer.args["output_size"], image.shape or (), axes
    ):
        return
    channels = channels_of(layer)
    yield Finding(
        f"`{layer.title}` takes {_wanted(axes, channels)}, but {image} has {_count(image)}"
        + _missing(read),
        at=layer.call,
        label=f"{image} arrives",
        help=tuple(_help(read, image)),
    )


def _wanted(axes: int, channels: Dim | None) -> str:
    names = ", ".join(("C" if channels is None else str(channels), *NAMES[axes]))
    return f"(N, {names}) or ({names})"


def _missing(read: Reading) -> str:
    return {
        "flat": ": it is flattened",
        "missing-batch": ": the batch dimension and the channel dimension are missing",
        "missing-channel": ": the channel dimension is missing",
        "folded": ": there is an axis too many",
        "extra-axis": ": there is an axis too many",
    }.get(read.kind, "")


def _help(read: Reading, image: TensorSpec) -> Iterator[str]:
    if read.kind == "flat":
        product = " · ".join(str(n) for n in read.shape[1:])
        yield f"write .{read.repair} on its input: {product} = {(image.shape or (0,))[-1]}"
    elif read.repair:
        yield f"write .{read.repair} on its input, which makes it {_shown(read)}"


def _shown(read: Reading) -> str:
    return "[" + ", ".join(str(n) for n in read.shape) + "]"


def _count(image: TensorSpec) -> str:
    count = len(image.shape or ())
    return "no axis" if count == 0 else "1 axis" if count == 1 else f"{count} axes"


def _pad(layer: Layer, image: TensorSpec) -> Iterator[Finding]:
    axes, rank = len(layer.args["pad"]) // 2, len(image.shape or ())
    mode = layer.args["mode"]
    if mode == "constant" or not isinstance(mode, str):
        if axes > rank:
            yield Finding(
                f"`{layer.title}` pads {axes} axes, but {image} has {_count(image)}",
                at=layer.call,
                label=f"{image} arrives",
            )
    elif axes not in _ORDERS or rank not in (axes + 1, axes + 2):
        takes = (
            f"it takes {_ORDERS[axes]}, with or without N"
            if axes in _ORDERS
            else ("1, 2 or 3 axes can be padded in this mode")
        )
        yield Finding(
            f"`{layer.title}` pads {axes} axes in mode {mode!r}, but {image} has {_count(image)}",
            at=layer.call,
            label=f"{image} arrives",
            help=(takes,),
        )


def _interpolate(layer: Layer, image: TensorSpec) -> Iterator[Finding]:
    rank = len(image.shape or ())
    name = "scale_factor" if layer.args["size"] is None else "size"
    mode, given = layer.args["mode"], layer.args[name]
    axes = mode_axes(mode, rank)
    missing = ("write .unsqueeze(0) on its input: the batch dimension is missing",)
    if axes != rank - 2 or rank not in (3, 4, 5) or (layer.args["antialias"] and rank != 4):
        takes = _ORDERS.get(axes or 0, "(N, C, L), (N, C, H, W) or (N, C, D, H, W)")
        yield Finding(
            f"`{layer.title}` in mode {mode!r} takes {takes}, but {image} has {_count(image)}",
            at=layer.call,
            label=f"{image} arrives",
            help=missing if axes == rank - 1 else (),
        )
    elif isinstance(given, (tuple, list)) and len(given) != rank - 2:
        yield Finding(
            f"`{layer.title}` has {len(given)} numbers in {name}, but {image} has {rank - 2} "
            f"axes behind (N, C)",
            at=layer.call,
            label=f"{image} arrives",
            help=missing if len(given) == rank - 1 else (),
        )
