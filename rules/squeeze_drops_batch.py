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

A layer that needs the batch fails then:

```python
# convlint: target Net 8,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 3), nn.AdaptiveAvgPool2d(1))
        self.norm = nn.BatchNorm1d(16)

    def forward(self, x):
        return self.norm(self.features(x).squeeze())  # warning: CL413
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

from collections.abc import Iterator, Mapping

from convlint import Diagnostic, Finding, Layer, Network, Severity, rule, show
from convlint.advice.batch import Batch, dropping


@rule("CL413", "<batch>", severity=Severity.INFO, silent=True)
def squeeze_drops_batch(
    batch: Batch, faults: Mapping[int, tuple[Diagnostic, ...]]
) -> Iterator[Finding]:
    drops = () if batch.denials else dropping(batch)
    if not drops:
        return
    one, several = batch.at(1), batch.at(max(batch.size, *batch.others))
    then = ""
    if batch.size != 1 and faults[1]:
        then = f"with batch 1 it fails: {faults[1][0].message}"
    elif _ranks(one) != _ranks(several):
        then = "with batch 1 the network gives a tensor of another rank"
    if not then:
        return
    severity = Severity.ERROR if batch.size == 1 else None
    if batch.size != 1 and faults[1]:
        severity = Severity.WARNING
    for layer in drops:
        at, elsewhere = one.counterpart(layer), several.counterpart(layer)
        if at is not None and elsewhere is not None:
            yield _finding(layer, at, elsewhere, severity, then)


def _ranks(network: Network) -> list[int | None]:
    return [tensor.rank for tensor in network.results]


def _finding(
    layer: Layer, one: Layer, several: Layer, severity: Severity | None, then: str
) -> Finding:
    before, after = several.tensors[0].shape or (), several.outputs[0].shape or ()
    ones = [axis for axis, size in enumerate(before) if axis and size == 1]
    axes = str(ones[0]) if len(ones) == 1 else f"({', '.join(map(str, ones))})"
    return Finding(
        f"`{layer.written}` drops the batch of a single sample: "
        f"{one.tensors[0]} becomes {one.outputs[0]}",
        layer=layer,
        label="takes every axis of size 1, also the batch",
        help=(f"name what is to go: write .squeeze({axes})" if ones else "leave it out",),
        note=(f"with batch {before[0]}, {show(before)} becomes {show(after)}", then),
        severity=severity,
    )
