"""# norm-over-one

## What it does
Finds instance norms on maps of a single element, and group norms (and their functions) over a
single value, where torch refuses.

## Why is this bad?
There is nothing to normalize: the result would be zero whatever comes in.  torch raises
`Expected more than 1 spatial element when training`
([torch.nn.InstanceNorm2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html)).

## Example
```python
# convlint: target Net 4,3,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 8)
        self.norm = nn.InstanceNorm2d(16)  # error: CL111

    def forward(self, x):
        return self.norm(self.conv(x))
```

## Use instead
```python
# convlint: target Net 4,3,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 4)
        self.norm = nn.InstanceNorm2d(16)

    def forward(self, x):
        return self.norm(self.conv(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Dim, Finding, Label, Layer, Network, Shape, known, origin, product, rule


@rule("CL111", "instance_norm", "group_norm")
def norm_over_one(layer: Layer, network: Network) -> Iterator[Finding]:
    shape = layer.args["input"].shape
    if shape is None:
        return
    if layer.op == "group_norm":
        yield from _group(layer, shape)
        return
    ranks = layer.args["ranks"]
    if not layer.args["use_input_stats"] or (ranks and len(shape) not in ranks):
        return
    spatial = shape[1:] if ranks and len(shape) == ranks[0] else shape[2:]
    if known(*spatial) and product(spatial) == 1 and len(shape) >= 2:
        size = " × ".join(str(n) for n in spatial) or "1"
        yield Finding(
            f"`{layer.title}` normalizes every map on its own, but a map of {size} arrives: "
            f"{layer.args['input']}",
            label="normalizes a single element",
            related=_comes_from(layer),
            formula=f"{_times(spatial)} = 1 element per map",
            help=(
                "drop one downsampling step before it, or take a larger image",
                "or drop the norm here: it would give zeros",
            ),
        )


def _group(layer: Layer, shape: Shape) -> Iterator[Finding]:
    groups = layer.args["num_groups"]
    if len(shape) < 2 or not known(*shape):
        return
    values = (shape[0] * shape[1] // groups, *shape[2:])
    if shape[1] % groups == 0 and product(values) == 1:
        yield Finding(
            f"`{layer.title}` normalizes a single value: {groups} groups of {layer.args['input']}",
            label=f"num_groups is {groups}",
            related=_comes_from(layer),
            formula=f"{shape[1]} / {groups} = 1 channel of one element per group",
            help=(f"write num_groups=1: {shape[1]} values per group",) if groups > 1 else (),
        )


def _comes_from(layer: Layer) -> tuple[Label, ...]:
    source = origin(layer.args["input"], -1)
    place = (source.definition or source.call) if source is not None else None
    return (Label("the map comes from here", place),) if place is not None else ()


def _times(parts: tuple[Dim, ...]) -> str:
    return " · ".join(str(p) for p in parts) or "1"
