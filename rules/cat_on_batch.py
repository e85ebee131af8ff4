"""# cat-on-batch

## What it does
Finds tensors that are concatenated along the batch axis, so that the network gives more rows than
it took samples.

## Why is this bad?
`torch.cat([a, b])` joins along axis 0, the batch, where features were meant to stand side by side
([torch.cat](https://docs.pytorch.org/docs/stable/generated/torch.cat.html)).  Where the rows are
taken apart again later, as in siamese networks, nothing is said.

## Example
```python
# convlint: target Net 4,3,32,32
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Conv2d(3, 8, 3)
        self.right = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return torch.cat([self.left(x), self.right(x)])  # warning: CL414
```

## Use instead
```python
# convlint: target Net 4,3,32,32
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Conv2d(3, 8, 3)
        self.right = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return torch.cat([self.left(x), self.right(x)], dim=1)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Network, Severity, rule
from convlint.advice.batch import batch_of


@rule("CL414", severity=Severity.WARNING, silent=True)
def cat_on_batch(network: Network) -> Iterator[Finding]:
    batch = network.analysis(batch_of)
    if batch is None or not batch.is_certain:
        return
    for change in batch.changes:
        layer = change.layer
        if layer.op == "cat" and len(layer.tensors) > 1:
            rest = ", ..." if layer.tensors[4:] else ""
            given = ", ".join(str(t) for t in layer.tensors[:4]) + rest
            yield Finding(
                f"`{layer.written}` joins {given} along the batch: {change.factor} rows come out "
                "for every sample",
                layer=layer,
                label=f"{change.after} comes out",
                help=("write dim=1 to put their channels side by side",),
            )
