"""# selection-too-large

## What it does
Finds `topk` and `kthvalue` that ask for more elements than there are along the dimension.

## Why is this bad?
torch raises `selected index k out of range`
([torch.topk](https://docs.pytorch.org/docs/stable/generated/torch.topk.html)).

## Example
```python
# convlint: target Net 4,3
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.topk(5, dim=1).values  # error: CL313
```

## Use instead
```python
# convlint: target Net 4,3
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.topk(min(5, x.size(1)), dim=1).values
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, origin, rule


@rule("CL313", "topk", "kthvalue")
def selection_too_large(layer: Layer, network: Network) -> Iterator[Finding]:
    given, k, dim = layer.args["input"], layer.args["k"], layer.args["dim"]
    if layer.rejected is not None or given.shape is None or not isinstance(dim, int):
        return
    rank = len(given.shape)
    if not -max(1, rank) <= dim < max(1, rank):
        return  # missing-dimension
    size = given.shape[dim] if rank else 1
    least = 1 if layer.op == "kthvalue" else 0
    if k > size or k < least:
        source = origin(given, dim) if rank else None
        place = source and (source.definition or source.call)
        yield Finding(
            f"`{layer.title}` asks for k={k} of the {size} elements along dimension {dim} of "
            f"{given}",
            at=layer.call,
            label=f"{k} > {size}" if k > size else f"{k} < {least}",
            related=(Label(f"{size} comes from here", place),) if place else (),
            help=(f"write k={size} or less, or min({k}, x.size({dim}))",) if k > size else (),
        )
