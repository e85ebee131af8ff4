"""# rejected-by-torch

## What it does
Reports a call that torch refuses, where no rule of its own explains why.

## Why is this bad?
torch raises at this call, with the reason that is printed.

## Example
```python
# convlint: target Net 1,3,8,8
import torch
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3)  # error: CL199
```

## Use instead
```python
# convlint: target Net 1,3,8,8
import torch
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, Shape, rule


@rule("CL199", "*")
def rejected_by_torch(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.rejected is not None:
        yield Finding(
            f"torch refuses `{layer.title if layer.module else layer.written}`: {layer.rejected}",
            at=layer.call,
            label="raises here",
            related=tuple(_whence(layer, layer.rejected)),
            help=tuple(_helps(layer, layer.rejected)),
        )


def _helps(layer: Layer, reason: str) -> Iterator[str]:
    if "gets a tuple" in reason:
        yield "unpack it first: recurrent and attention layers give a tuple, write `y, _ = ...`"
    if layer.op == "ctc_loss":
        shapes = [getattr(layer.args.get(n), "shape", None) or () for n in ("log_probs", "targets")]
        yield from _time_first(*shapes)
    given = layer.tensors[0] if layer.tensors else None
    if not reason.startswith("Dimension out of range") or given is None or given.shape is None:
        return
    rank, dim = len(given.shape), layer.args.get("dim")
    axes = "no axes" if not rank else "axis 0 alone" if rank == 1 else f"axes 0 to {rank - 1}"
    yield f"{given} has {axes}"
    if layer.op == "cat" and dim in (rank, -rank - 1):
        yield f"write torch.stack(..., dim={dim}) to join them along a new axis"


def _whence(layer: Layer, reason: str) -> Iterator[Label]:
    """What has made the axes that a layer counts."""
    source = layer.tensors[0].source if layer.tensors else None
    place = source and (source.definition or source.call)
    if place and reason.startswith("Dimension out of range"):
        yield Label(f"{layer.tensors[0]} comes from here", place)


def _time_first(log_probs: Shape, targets: Shape) -> Iterator[str]:
    if len(log_probs) == 3 and len(targets) == 2 and log_probs[0] == targets[0] != log_probs[1]:
        yield "put the steps before the batch: write .transpose(0, 1) on log_probs"
