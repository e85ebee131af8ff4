"""# norm-mismatch

## What it does
Finds normalization layers made for another number of features than arrive: `num_features` of
batch and instance norms (axis 1), `normalized_shape` of `nn.LayerNorm` and `nn.RMSNorm` (the
last axes), `num_channels` and `num_groups` of `nn.GroupNorm`.

## Why is this bad?
torch raises `running_mean should contain 36 elements not 64`, or `Given normalized_shape=[96],
expected input with shape [*, 96]`.  Where another axis has the right size, the layout is wrong
and not the number: changing the number would normalize over the wrong axis
([torch.nn.BatchNorm1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html)
takes (N, C, L), [torch.nn.LayerNorm](https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html)
the last axes).

## Example
```python
# convlint: target Net 2,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 48, 3)
        self.norm = nn.BatchNorm2d(64)  # error: CL103

    def forward(self, x):
        return self.norm(self.conv(x))
```
```python
# convlint: target Net 8,500,3
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.points = nn.Linear(3, 64)
        self.norm = nn.BatchNorm1d(64)

    def forward(self, x):
        return self.norm(self.points(x))  # error: CL103
```

## Use instead
```python
# convlint: target Net 8,500,3
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.points = nn.Linear(3, 64)
        self.norm = nn.BatchNorm1d(64)

    def forward(self, x):
        return self.norm(self.points(x).transpose(1, 2)).transpose(1, 2)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Dim, Finding, Layer, Network, Shape, TensorSpec, origin, rule, show
from convlint.advice.origin import sets
from convlint.advice.whence import whence


@rule("CL103", "batch_norm", "instance_norm", "layer_norm", "rms_norm", "group_norm")
def norm_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    shape = layer.args["input"].shape
    if shape is None:
        return
    if layer.op in ("layer_norm", "rms_norm"):
        yield from _last_axes(layer, shape)
    elif layer.op == "group_norm":
        yield from _groups(layer, shape)
    else:
        yield from _channels(layer, shape)


# -- batch and instance norm: axis 1


def _channels(layer: Layer, shape: Shape) -> Iterator[Finding]:
    ranks = layer.args["ranks"]
    if len(shape) < 2 or (ranks and len(shape) not in ranks):
        return  # norm-rank
    if layer.op == "batch_norm" and 0 in shape:
        return  # torch compares nothing where there is nothing to normalize
    axis = 0 if layer.op == "instance_norm" and ranks and len(shape) == ranks[0] else 1
    arrives = shape[axis]
    wanted = layer.args["features"]
    if wanted is None:
        kept = (layer.args[n] for n in ("running_mean", "running_var", "weight", "bias"))
        sizes = [t.numel for t in kept if t is not None and t.shape is not None]
        wanted = next((size for size in sizes if size != arrives), None)
    if wanted is not None and wanted != arrives:
        yield _other_channels(layer, shape, axis, wanted)


def _other_channels(layer: Layer, shape: Shape, axis: int, wanted: Dim) -> Finding:
    arrives = shape[axis]
    other = next((i for i in range(len(shape) - 1, axis, -1) if shape[i] == wanted), None)
    if other is not None:
        return _turned(layer, axis, other, wanted)
    return Finding(
        f"`{layer.title}` normalizes {wanted} channels, but {arrives} arrive",
        label=f"made for {wanted} channels",
        related=whence(layer.args["input"], axis, f"{arrives} channels come from here"),
        help=(
            _write(layer, "num_features", arrives),
            *_producer(layer.args["input"], axis, wanted),
        ),
    )


def _turned(layer: Layer, axis: int, other: int, wanted: Dim) -> Finding:
    tensor = layer.args["input"]
    rank = len(tensor.shape)
    if rank == 3:
        swap = f"transpose({axis}, {other})"
        around = f"{swap} around it: norm(x.{swap}).{swap}"
    else:
        around = f"movedim({other}, {axis}) before it and movedim({axis}, {other}) behind it"
    helps = [f"put {around}"]
    if other == rank - 1 and layer.op == "batch_norm" and layer.module is not None:
        helps.append(f"or normalize every position on its own: nn.LayerNorm({wanted})")
    return Finding(
        f"`{layer.title}` normalizes the {wanted} channels of axis {axis}, but {tensor} has them "
        f"on axis {other}: axis {axis} has {tensor.shape[axis]}",
        at=layer.call,
        label=f"{tensor} arrives here",
        related=whence(tensor, other, f"{wanted} channels come from here"),
        help=tuple(helps),
    )


# -- layer and RMS norm: the last axes


def _last_axes(layer: Layer, shape: Shape) -> Iterator[Finding]:
    if layer.rejected is not None:
        return
    wanted = tuple(layer.args["normalized_shape"])
    arrives = shape[-len(wanted) :]
    short = len(shape) < len(wanted)
    if short or any(a != b for a, b in zip(arrives, wanted, strict=True)):
        yield _other_axes(layer, shape, wanted)
        return
    for name in ("weight", "bias"):
        held = layer.args.get(name)
        if held is None or held.shape is None:
            continue
        pairs = zip(held.shape, wanted, strict=False)
        if len(held.shape) != len(wanted) or any(a != b for a, b in pairs):
            yield Finding(
                f"the {name} of `{layer.title}` has shape {held}, but normalized_shape is "
                f"{show(wanted)}",
                help=(f"the {name} must have shape {show(wanted)}",),
            )
            return


def _other_axes(layer: Layer, shape: Shape, wanted: Shape) -> Finding:
    tensor = layer.args["input"]
    message = f"`{layer.title}` normalizes the last axes {show(wanted)}, but {tensor} arrives"
    if len(wanted) == 1:
        message = (
            f"`{layer.title}` normalizes {wanted[0]} features on the last axis, but {tensor} "
            f"has {shape[-1] if shape else 'none'} there"
        )
        axis = next((i for i in range(1, len(shape) - 1) if shape[i] == wanted[0]), None)
        if axis is not None and not _has_features_last(tensor):
            return Finding(
                f"{message}: they are on axis {axis}",
                at=layer.call,
                label=f"{tensor} arrives here",
                related=whence(tensor, axis, f"{wanted[0]} come from here"),
                help=_to_the_end(layer, len(shape), axis, wanted[0]),
            )
    right = show(shape[-len(wanted) :]) if len(wanted) > 1 else str(shape[-1] if shape else "")
    helps = [_write(layer, "normalized_shape", right)] if len(shape) >= len(wanted) else []
    return Finding(
        message,
        label=f"normalized_shape is {show(wanted)}",
        related=whence(tensor, -1, f"{shape[-1]} come from here") if shape else (),
        help=(*helps, *_producer(tensor, -1, wanted[-1])),
    )


def _has_features_last(tensor: TensorSpec) -> bool:
    """Whether a layer made the last axis of its own: another of the wanted size is as long."""
    source, last = origin(tensor, -1), (tensor.rank or 0) - 1
    return source is not None and sets(source, last, last + 1)


def _to_the_end(layer: Layer, rank: int, axis: int, features: Dim) -> tuple[str, ...]:
    if rank == 4 and axis == 1:
        around = "permute(0, 2, 3, 1) before it and permute(0, 3, 1, 2) behind it"
    elif rank == 3:
        around = "transpose(1, 2) around it"
    else:
        around = f"movedim({axis}, -1) before it and movedim(-1, {axis}) behind it"
    if axis == 1 and layer.module is not None and layer.op == "layer_norm":
        return (f"write nn.GroupNorm(1, {features})", f"or put {around}")
    return (f"put {around}",)


# -- group norm


def _groups(layer: Layer, shape: Shape) -> Iterator[Finding]:
    if len(shape) < 2:
        return  # norm-rank
    channels, groups = shape[1], layer.args["num_groups"]
    tensor = layer.args["input"]
    related = whence(tensor, 1, f"{channels} channels come from here")
    for name in ("weight", "bias"):
        held = layer.args[name]
        if held is None or held.shape is None:
            continue
        wanted = held.numel
        if wanted != channels or len(held.shape) != 1:
            yield Finding(
                f"`{layer.title}` normalizes {wanted} channels, but {channels} arrive",
                label=f"made for {wanted} channels",
                related=related,
                help=(
                    _write(layer, "num_channels", channels),
                    *_producer(tensor, 1, wanted),
                ),
            )
            return
    if channels % groups != 0:
        fits = [g for g in range(1, groups) if channels % g == 0]
        yield Finding(
            f"`{layer.title}` makes {groups} groups of {channels} channels, which is not a "
            "whole number each",
            label=f"num_groups is {groups}",
            related=related,
            formula=f"{channels} / {groups} = {channels // groups}, remainder {channels % groups}",
            help=(f"write num_groups={fits[-1]}",) if fits else (),
        )


# -- what they are told with


def _write(layer: Layer, parameter: str, value: object) -> str:
    if layer.module is None:
        return f"the layer must be made for {value}"
    kind = layer.written
    if parameter == "num_channels":
        return f"write {kind}({layer.args['num_groups']}, {value})"
    return f"write {kind}({value})"


def _producer(tensor: TensorSpec, axis: int, wanted: Dim) -> list[str]:
    source = origin(tensor, axis)
    if source is None or source.module is None:
        return []
    name = "out_features" if source.op == "linear" else "out_channels"
    if source.op == "linear" or source.op.startswith("conv"):
        return [f"or let `{source.title}` give {wanted}: {name}={wanted}"]
    return []
