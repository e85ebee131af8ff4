"""# squeeze-drops-batch

## What it does
Finds a `squeeze()` without a dimension that takes the batch away with it when there is a single
sample: the network then gives a tensor of another rank.

## Why is this bad?
`x.squeeze()` removes every axis of size 1
([torch.squeeze](https://docs.pytorch.org/docs/stable/generated/torch.squeeze.html)).  It works in
training and fails, or answers wrongly, for the last batch of an epoch or for one image in
production.  It is shown by running the shapes with one sample: an error where one sample is what
the network is checked with, a warning where it then fails, else only good to know.

## Example
```python
# convlint: target Net 8,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 3), nn.AdaptiveAvgPool2d(1))

    def forward(self, x):
        return self.features(x).squeeze()  # info: CL413
```

## Use instead
```python
# convlint: target Net 8,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 3), nn.AdaptiveAvgPool2d(1))

    def forward(self, x):
        return self.features(x).flatten(1)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, Severity, known, rule, show
from convlint.advice.batch import batch_of


@rule("CL413", severity=Severity.INFO, silent=True)
def squeeze_drops_batch(network: Network) -> Iterator[Finding]:
    squeezes = [layer for layer in network.layers if layer.op == "squeeze"]
    if not any(_takes_all(layer) for layer in squeezes):
        return
    batch = network.analysis(batch_of)
    if batch is None or batch.denials:
        return
    one, several = (network, max(batch.others.items())[1])
    if batch.size != 1:
        one, several = batch.others[1], network
    if _ranks(one) == _ranks(several):
        return
    fails = any(layer.rejected is not None for layer in one.layers)
    severity = Severity.WARNING if fails else None
    severity = Severity.ERROR if batch.size == 1 else severity
    for layer in filter(_takes_all, squeezes):
        at, elsewhere = one.counterpart(layer), several.counterpart(layer)
        if at is not None and elsewhere is not None and _drops(at, elsewhere):
            yield _finding(layer, at, elsewhere, severity)


def _takes_all(layer: Layer) -> bool:
    return layer.args.get("dim") is None and bool(layer.tensors)


def _ranks(network: Network) -> list[int | None]:
    return [tensor.rank for tensor in network.results]


def _drops(one: Layer, several: Layer) -> bool:
    """Whether the first axis goes with a single sample, and stays with several."""
    before, after = one.tensors[0].shape, several.outputs[0].shape
    if not before or not after or not known(*before) or one.outputs[0].shape is None:
        return False
    kept = several.tensors[0].shape or ()
    return before[0] == 1 and kept[:1] != (1,) and len(one.outputs[0].shape) < len(after)


def _finding(layer: Layer, one: Layer, several: Layer, severity: Severity | None) -> Finding:
    before, after = several.tensors[0].shape or (), several.outputs[0].shape or ()
    ones = [axis for axis, size in enumerate(before) if axis and size == 1]
    axes = str(ones[0]) if len(ones) == 1 else f"({', '.join(map(str, ones))})"
    return Finding(
        f"`{layer.written}` drops the batch of a single sample: "
        f"{one.tensors[0]} becomes {one.outputs[0]}",
        layer=layer,
        label="takes every axis of size 1, also the batch",
        help=(f"name what is to go: write .squeeze({axes})" if ones else "leave it out",),
        note=(
            f"with batch {before[0]}, {show(before)} becomes {show(after)}",
            "with batch 1 the network gives a tensor of another rank",
        ),
        severity=severity,
    )
