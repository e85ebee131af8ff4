"""# hard-coded-batch

## What it does
Finds networks that work for the batch size they are checked with, and not for another: a
`view(64, -1)`, a state or a mask made for one batch; or that go on to give the rows of that one.

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

from collections.abc import Iterator

from convlint import Diagnostic, Finding, Severity, rule, show
from convlint.advice.batch import Batch, Change

_CHECKS = ("CL0", "CL190")
"""What the code itself refuses is no oversight."""


@rule("CL412", "<batch>", severity=Severity.WARNING, silent=True)
def hard_coded_batch(batch: Batch, size: int, fault: Diagnostic | Change) -> Iterator[Finding]:
    help_ = "take the size from the input: x.size(0), or leave the batch to .flatten(1)"
    if isinstance(fault, Change):
        there = batch.others[size].counterpart(fault.layer)
        yield Finding(
            f"`{fault.layer.written}` makes {batch.size} rows of any batch: with {size} samples "
            f"the output has {batch.size} rows still",
            label=f"{show(fault.before.shape or ())} becomes {show(fault.after.shape or ())}",
            help=(help_,),
            note=(f"with batch {size} the result is {there.outputs[0]}",) if there else (),
        )
    elif not fault.code.startswith(_CHECKS):
        yield Finding(
            f"works with a batch of {batch.size}, and not with one of {size}: {fault.message}",
            at=fault.location,
            label=f"made for a batch of {batch.size}",
            related=fault.related,
            formula=fault.formula,
            help=(help_,),
        )
