"""# channel-mismatch

## What it does
Finds convolutions, plain and transposed, that get another number of channels than their weights
are made for.  Says so where the channels arrive as the last axis (NHWC, as image files and
TensorFlow have them) and where an axis is missing.

## Why is this bad?
torch raises `Given groups=1, weight of size [...], expected input[...] to have 16 channels`
([nn.Conv2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html)).  As it takes
an input without a batch as well, a batch without an axis is read as one image whose channels are
the batch.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)  # error: CL101

    def forward(self, x):
        return self.conv2(self.conv1(x))
```

```python
# convlint: target Net 2,28,28,3
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)

    def forward(self, x):
        return self.conv(x)  # error: CL101
```

## Use instead
```python
# convlint: target Net 2,28,28,3
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3)
        self.conv2 = nn.Conv2d(16, 64, 3)

    def forward(self, x):
        x = x.permute(0, 3, 1, 2)
        return self.conv2(self.conv1(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Dim, Finding, Layer, Network, TensorSpec, known, origin, rule
from convlint.advice.whence import whence
from convlint.arithmetic.layout import NAMES, Reading
from convlint.arithmetic.window import axes_of, channels_of, reading

_CUTS = frozenset({"chunk", "split", "tensor_split", "split_with_sizes"})


@rule(
    "CL101", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d",
)  # fmt: skip
def channel_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    read, wanted = reading(layer), channels_of(layer)
    if read is None or wanted is None or layer.rejected is not None:
        return
    image = layer.args["input"]
    axes, rank = axes_of(layer.op), len(image.shape)
    if rank not in (axes + 1, axes + 2):
        return  # rank-mismatch
    arrives = image.shape[rank - axes - 1]
    if arrives != wanted:
        if read.kind in ("batched", "unbatched"):
            yield _other_number(layer, image, wanted, arrives, rank - axes - 1)
        else:
            yield _other_axes(layer, image, wanted, read, axes)


def _other_axes(layer: Layer, image: TensorSpec, wanted: Dim, read: Reading, axes: int) -> Finding:
    """The channels are there, but on another axis, or an axis is missing."""
    title, order = layer.title, ", ".join(NAMES[axes])
    label = f"{image} arrives"
    if read.kind == "frames-first":
        message = (
            f"`{title}` takes {wanted} channels as axis 1, but they are axis 2 of {image}, behind "
            "the frames"
        )
        help = f"bring the channels before the frames: write .{read.repair} on its input"
    elif read.kind == "channels-last":
        label = "the channels arrive last"
        axis = len(image.shape or ()) - axes - 1
        message = (
            f"`{title}` takes {wanted} channels as axis {axis}, but they are the last axis of "
            f"{image}"
        )
        help = f"bring the channels to the front: write .{read.repair} on its input"
    elif read.kind == "missing-channel":
        message = f"`{title}` takes (N, 1, {order}), but the channel axis is missing in {image}"
        help = f"give the input its channel axis: write .{read.repair} on it"
    else:
        message = (
            f"`{title}` takes (N, {wanted}, {order}), but an axis is missing in {image}: it is "
            f"read as one image of {image.shape[0]} channels"  # type: ignore[index]
        )
        at = len(image.shape or ())
        help = f"give the input its last axis: write .{read.repair}, the same as .unsqueeze({at})"
    return Finding(
        message,
        at=layer.call,
        label=label,
        help=(help,),
    )


def _other_number(layer: Layer, image: TensorSpec, wanted: Dim, arrives: Dim, axis: int) -> Finding:
    source = origin(image, axis)
    related = whence(image, axis, _whence(source, arrives)) if source is not None else ()
    return Finding(
        f"`{layer.title}` takes {wanted} channels, but {arrives} arrive",
        label=f"in_channels is {wanted}" if layer.module else f"the weights take {wanted} channels",
        related=related,
        help=tuple(_helps(layer, image, source, wanted, arrives)),
    )


def _whence(source: Layer, arrives: Dim) -> str:
    """What to say at the layer that the channels come from."""
    if source.op == "cat":
        dim = source.args.get("dim", 0)
        parts = [t.shape[dim] for t in source.tensors if t.shape and len(t.shape) > 1]
        if isinstance(dim, int) and known(*parts):
            return f"{arrives} = {' + '.join(str(p) for p in parts)} channels are joined here"
    return f"{arrives} channels come from here"


def _helps(
    layer: Layer, image: TensorSpec, source: Layer | None, wanted: Dim, arrives: Dim
) -> Iterator[str]:
    cut = image.source
    if cut is not None and cut.op in _CUTS and _axis(cut) == 0:
        pieces = len(cut.outputs)
        if wanted * pieces == arrives:
            yield (
                f"`{cut.written}` cuts the batch (dim=0) and leaves the {arrives} channels whole: "
                f"write dim=1, {arrives} / {pieces} = {wanted}"
            )
    groups = layer.args["groups"]
    transposed = "transpose" in layer.op
    if layer.module is None:
        shape = layer.args["weight"].shape
        if transposed:
            yield f"give it weights of shape [{arrives}, {shape[1]}, ...]"
        elif isinstance(arrives, int) and arrives % groups == 0:
            yield f"give it weights of shape [{shape[0]}, {arrives // groups}, ...]"
    elif groups == 1 or (isinstance(arrives, int) and arrives % groups == 0):
        yield f"write in_channels={arrives}"
    elif groups == wanted:
        yield f"write in_channels={arrives}, groups={arrives}"
    else:
        yield f"write in_channels={arrives} and a number of groups that divides it"
    made = source.module if source is not None else None
    if source is not None and made is not None and hasattr(made, "out_channels"):
        yield f"or let `{source.title}` give {wanted} channels: out_channels={wanted}"


def _axis(layer: Layer) -> object:
    return layer.args.get("dim", 0)
