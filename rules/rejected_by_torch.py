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

from convlint import Finding, Layer, Network, rule

_HELP = ("unpack it first: recurrent and attention layers give a tuple, write `y, _ = ...`",)


@rule("CL199", "*")
def rejected_by_torch(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.rejected is not None:
        yield Finding(
            f"torch refuses `{layer.title if layer.module else layer.written}`: {layer.rejected}",
            at=layer.call,
            label="raises here",
            help=_HELP if "gets a tuple" in layer.rejected else (),
        )
