"""# data-dependent

## What it does
Notes a place where the network's Python code asks for the values of a tensor (`if x.sum() > 0`,
`.item()`), which shapes cannot tell, and says what was assumed.

## Why is this bad?
It is not: but only one side of the decision was checked.

## Example
```python
# convlint: target Net 1,3,8,8
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        if x.mean() > 0:  # info: CL005
            x = x * 2
        return x
```

## Use instead
`torch.where` decides without leaving the graph; convlint then sees both sides.
```python
# convlint: target Net 1,3,8,8
import torch
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return torch.where(x.mean() > 0, x * 2, x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Network, rule


@rule("CL005", severity="info")
def data_dependent(network: Network) -> Iterator[Finding]:
    for assumption in network.assumptions:
        yield Finding(
            f"{assumption.what} is asked for here, which shapes do not tell",
            at=assumption.frames[0].location if assumption.frames else None,
            label=f"assumed: {assumption.assumed}",
        )
