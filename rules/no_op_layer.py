"""# no-op-layer

## What it does
Finds pools with kernel and stride 1, upsampling by 1, and interpolation to the size that the map
already has.  It is a warning where such a pool stands beside a global pool of the same map.

## Why is this bad?
What comes in goes out: a pool over single pixels pools nothing.  `nn.MaxPool2d(1)` is not the
counterpart of `nn.AdaptiveAvgPool2d(1)`: the first number is a window's size
([torch.nn.MaxPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html)), that
of an adaptive pool is the output's, so that the branches differ in size and are broadcast.

A size that is read from a tensor is left alone: there it fits only by chance.

## Example
```python
# convlint: target Net 1,8,16,16
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.largest = nn.MaxPool2d(1)  # warning: CL540
        self.average = nn.AdaptiveAvgPool2d(1)
        self.up = nn.Upsample(scale_factor=1)  # info: CL540

    def forward(self, x):
        gate = torch.sigmoid(self.largest(x) + self.average(x))
        return self.up(x * gate)
```

## Use instead
```python
# convlint: target Net 1,8,16,16
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.largest = nn.AdaptiveMaxPool2d(1)
        self.average = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        gate = torch.sigmoid(self.largest(x) + self.average(x))
        return x * gate
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convlint import Finding, Label, Layer, Network, Severity, TensorSpec, known, rule

_POOLS = tuple(f"{kind}_pool{axes}d" for kind in ("max", "avg") for axes in (1, 2, 3))


@rule("CL540", *_POOLS, "interpolate", severity="info", silent=True)
def no_op_layer(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.op == "interpolate":
        if _keeps(layer, network):
            yield Finding(
                f"`{layer.title}` resizes {layer.args['input']} to the size that it has",
                label="what comes in goes out",
                help=("leave it out, or write the size that is meant",),
            )
        return
    if not _is_identity(layer) or _is_read(layer, network):
        return
    sibling = _global_sibling(layer, network)
    if sibling is None:
        yield Finding(
            f"`{layer.title}` pools single pixels: what comes in goes out",
            label="kernel and stride are 1",
            help=("leave it out, or write the window that is meant",),
        )
        return
    kind, axes = ("Max", "Avg")["avg" in layer.op], layer.op[-2]
    place = sibling.definition or sibling.call
    yield Finding(
        f"`{layer.title}` pools single pixels, and gives all {layer.args['input']} where"
        f" `{sibling.title}` beside it gives one value per channel",
        severity=Severity.WARNING,
        label="kernel and stride are 1",
        related=(Label("the other branch is pooled to one pixel", place),) if place else (),
        help=(f"write nn.Adaptive{kind}Pool{axes}d(1)",),
    )


def _is_identity(layer: Layer) -> bool:
    args = layer.args
    return (
        _all(args["kernel_size"], 1)
        and (args["stride"] in (None, [], ()) or _all(args["stride"], 1))
        and _all(args["padding"], 0)
        and args.get("divisor_override") in (None, 1)
        and not args.get("return_indices")
    )


def _all(value: Any, wanted: int) -> bool:
    values = value if isinstance(value, (tuple, list)) else (value,)
    return bool(values) and all(isinstance(v, int) and v == wanted for v in values)


def _global_sibling(layer: Layer, network: Network) -> Layer | None:
    """A global pool that takes the same map of more than one pixel."""
    given = layer.args["input"]
    axes = int(layer.op[-2])
    if given.source is None or given.shape is None or not known(*given.shape[-axes:]):
        return None
    if all(n == 1 for n in given.shape[-axes:]):
        return None
    for other in network.consumers.get(given.source.name, ()):
        if other.op in (f"adaptive_avg_pool{axes}d", f"adaptive_max_pool{axes}d"):
            same = other.args["input"]
            if same.shape == given.shape and _all(other.args["output_size"], 1):
                return other
    return None


def _keeps(layer: Layer, network: Network) -> bool:
    given, size, factor = layer.args["input"], layer.args["size"], layer.args["scale_factor"]
    if size is None:
        factors = factor if isinstance(factor, (tuple, list)) else (factor,)
        return all(isinstance(f, (int, float)) and f == 1 for f in factors)
    output = layer.output
    same = (
        isinstance(output, TensorSpec)
        and output.shape is not None
        and given.shape is not None
        and known(*output.shape, *given.shape)
        and output.shape == given.shape
    )
    return same and not _is_read(layer, network)


def _is_read(layer: Layer, network: Network) -> bool:
    """Whether a size among the arguments was read from a tensor: it is a node of the graph."""
    if layer.module is not None or network.fx_graph is None:
        return False
    node = next((n for n in network.fx_graph.nodes if n.name == layer.name), None)
    return node is not None and len(node.all_input_nodes) > 1
