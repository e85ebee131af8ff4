"""# hard-coded-batch

## What it does
Finds networks that work for the batch size they are checked with, and for no other: a
`view(64, -1)`, a state or a mask made for one batch.

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

from convlint import Diagnostic, Finding, Severity, rule
from convlint.advice.batch import Batch

_CHECKS = ("CL0", "CL190")
"""What the code itself refuses is no oversight."""


@rule("CL412", "<batch>", severity=Severity.WARNING, silent=True)
def hard_coded_batch(batch: Batch, size: int, found: Diagnostic) -> Iterator[Finding]:
    if found.code.startswith(_CHECKS):
        return
    yield Finding(
        f"works with a batch of {batch.size} only; with {size}: {found.message}",
        at=found.location,
        label=f"made for a batch of {batch.size}",
        related=found.related,
        formula=found.formula,
        help=("take the size from the input: x.size(0), or leave the batch to .flatten(1)",),
    )
