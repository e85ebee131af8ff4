"""# unknown-operator

## What it does
Notes a call whose output shape could not be told: convlint has no shape function for it, and
torch itself cannot run it without data.

## Why is this bad?
It is not; but what follows it is checked only as far as it does not depend on its shape.

## Example
```python
# convlint: target Net 2,3
import torch
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return torch.geqrf(x)  # info: CL006
```

## Use instead
Nothing has to be written differently.
```python
# convlint: target Net 2,3
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x.T @ x
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule


@rule("CL006", "*", severity="info")
def unknown_operator(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.rejected is not None or all(output.shape is not None for output in layer.outputs):
        return
    if layer.tensors and all(tensor.known for tensor in layer.tensors):
        yield Finding(
            f"what comes out of `{layer.title}` is not known",
            at=layer.call,
            label="what follows is checked only as far as it does not depend on this",
        )
