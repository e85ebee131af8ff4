"""# hard-coded-batch

## What it does
Finds networks that work for the batch size they are checked with, and not for another: a
`view(64, -1)`, a state or a mask made for one batch; or that go on to give the rows of that one.

A network that works for two batches together, and not for parts of one, takes groups: the frames of
a clip, the two views of an image.  That is what it is meant for, and nothing is said.

## Why is this bad?
The last batch of an epoch is smaller, and in production one sample comes at a time.  It is shown by
running the shapes at another batch size.

## Example
```python
# convlint: target Net 8,3,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3)
        self.classify = nn.Linear(980, 10)

    def forward(self, x):
        x = self.conv(x).view(8, 980)  # warning: CL412
        return self.classify(x)
```

A sum over what such a `view` makes answers for any batch, with as many rows as ever:

```python
# convlint: target Net 8,4,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, padding=1)

    def forward(self, x):
        x = self.conv(x).view(8, 8, -1)  # warning: CL412
        return x.mean(2)
```

## Use instead
```python
# convlint: target Net 8,3,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3)
        self.classify = nn.Linear(980, 10)

    def forward(self, x):
        x = self.conv(x).flatten(1)
        return self.classify(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from convlint import Diagnostic, Finding, Severity, rule, show
from convlint.advice.batch import RESHAPES, Batch, Change, dropping

_CHECKS = ("CL0", "CL190")
"""What the code itself refuses is no oversight."""

_SINGLE_VALUE = "CL110"
"""A norm that wants several values, in training: true of any network with one."""

_HELP = "take the size from the input: x.size(0), or leave the batch to .flatten(1)"


@rule("CL412", "<batch>", severity=Severity.WARNING, silent=True)
def hard_coded_batch(
    batch: Batch, faults: Mapping[int, tuple[Diagnostic, ...]]
) -> Iterator[Finding]:
    if not batch.is_certain:
        return
    for size in sorted(faults, reverse=True):
        if size == 1 and dropping(batch):
            continue  # squeeze-drops-batch tells of it
        oversights = [f for f in faults[size] if not f.code.startswith((*_CHECKS, _SINGLE_VALUE))]
        if oversights and not faults[2 * batch.size] and not _is_merging(batch, oversights):
            continue  # axis 0 holds groups: the frames of a clip, the two views of an image
        for fault in oversights:
            yield _fails(batch, size, fault)
        if oversights:
            break
    for change in batch.fixed:
        yield _keeps(batch, max(batch.others), change)


def _is_merging(batch: Batch, faults: list[Diagnostic]) -> bool:
    """Whether what fails is a reshape that puts samples together, and not one into groups."""
    places = {place for f in faults for place in (f.location, *(r.location for r in f.related))}
    for layer in batch.network.layers:
        if layer.op in RESHAPES and layer.call in places and layer.tensors:
            before, after = layer.tensors[0].shape, layer.outputs[0].shape
            if before is None or after is None or before[1:] != after[2:]:
                return True
    return False


def _fails(batch: Batch, size: int, fault: Diagnostic) -> Finding:
    return Finding(
        f"works with a batch of {batch.size}, and not with one of {size}: {fault.message}",
        at=fault.location,
        label=f"made for a batch of {batch.size}",
        related=fault.related,
        formula=fault.formula,
        help=(_HELP,),
    )


def _keeps(batch: Batch, size: int, change: Change) -> Finding:
    there = batch.others[size].counterpart(change.layer)
    return Finding(
        f"`{change.layer.written}` makes {batch.size} rows of any batch: with {size} samples "
        f"the output has {batch.size} rows still",
        layer=change.layer,
        label=f"{show(change.before.shape or ())} becomes {show(change.after.shape or ())}",
        help=(_HELP,),
        note=(f"with batch {size} the result is {there.outputs[0]}",) if there else (),
    )
