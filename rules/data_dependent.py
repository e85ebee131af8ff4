"""# data-dependent

## What it does
Notes a place where the network's Python code asks for the values of a tensor (`if x.sum() > 0`,
`.item()`), which shapes cannot tell, and says what was assumed. Where it is the condition of a
branch in your own code, the other side is followed too, on a path of its own (at most 16 of them):
what is found only there is reported with the decision that leads to it.

## Why is this bad?
It is not: but what is assumed about a number (`.item()`) is only one of many values, and from the
17th path on a side remains unseen. The summary says which lines of `forward` ran on no path.

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
`torch.where` decides without leaving the graph: both sides are there at once.
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
