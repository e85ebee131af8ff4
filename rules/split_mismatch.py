"""# split-mismatch

## What it does
Finds `split` with lengths that do not add up to the side that is split.

## Why is this bad?
torch raises `split_with_sizes expects split_sizes to sum exactly to 85`
([split](https://docs.pytorch.org/docs/stable/generated/torch.split.html)).

## Example
```python
# convlint: target Net 1,64,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Conv2d(64, 85, 1)

    def forward(self, x):
        box, score, classes = self.head(x).split([4, 1, 20], dim=1)  # error: CL405
        return box, score, classes
```

## Use instead
```python
# convlint: target Net 1,64,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Conv2d(64, 25, 1)

    def forward(self, x):
        box, score, classes = self.head(x).split([4, 1, 20], dim=1)
        return box, score, classes
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Dim, Finding, Label, Layer, Network, known, origin, rule


@rule("CL405", "split", "split_with_sizes", "unsafe_split", "unsafe_split_with_sizes")
def split_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    tensor, args = layer.tensors[0], layer.args
    lengths = next(
        (args[n] for n in ("split_size_or_sections", "split_sizes", "split_size")
         if isinstance(args.get(n), (tuple, list))), None,
    )  # fmt: skip
    if tensor.shape is None or lengths is None or layer.rejected is not None:
        return
    if not all(isinstance(n, int) for n in lengths):
        return
    axis = args["dim"] % len(tensor.shape)
    size, total = tensor.shape[axis], sum(lengths)
    if size != total:
        source = origin(tensor, axis)
        place = source and (source.definition or source.call)
        yield Finding(
            f"the lengths {list(lengths)} add up to {total}, but axis {axis} of {tensor} is {size}",
            at=layer.call,
            label=f"{size} arrive along axis {axis}",
            related=(Label(f"{size} comes from here", place),) if place else (),
            formula=" + ".join(str(n) for n in lengths) + f" = {total}",
            help=tuple(_helps(list(lengths), size, total, source)),
        )


def _helps(lengths: list[int], size: Dim, total: int, source: Layer | None) -> Iterator[str]:
    if not known(size):
        return
    given = {"linear": "out_features", "conv": "out_channels"}
    if source is not None and source.module is not None:
        for op, name in given.items():
            if source.op.startswith(op):
                yield f"write {name}={total} in `{source.title}`"
    last = lengths[-1] + size - total if lengths else -1
    if last > 0:
        yield f"or split into {[*lengths[:-1], last]}"
