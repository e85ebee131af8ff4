"""# tracing-lost

## What it does
Says that the network's own code raised an exception after it had looked at something that shapes
do not tell (a number out of a tensor, a size that depends on data, what comes behind a fault), so
that the exception proves nothing. Nor does one that tells of where convlint runs: that there is no
GPU, or that the stack is full. What follows it in that module was not checked. As an error: the
whole check was lost, because the code ran into the time or memory limit, called `sys.exit()`, or
crashed the process.

## Why is this bad?
A gate must not go green on what it did not see: the exit status is 2.

## Example
```python
# convlint: target Net 1,3,8,8
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        table = {0: "day", 255: "night"}
        kind = table[int(x.max())]  # warning: CL003 # info: CL005
        return x
```

## Use instead
Nothing has to be written differently. To have the rest of such a network checked, keep what
depends on data out of the module, or check the parts behind it as targets of their own.
```python
# convlint: target Net 1,3,8,8
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        return x
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Network, rule


@rule("CL003", severity="warning")
def tracing_lost(network: Network) -> Iterator[Finding]:
    for raised in network.raised:
        if raised.certain:
            continue
        where = f"`{raised.path}`" if raised.path else "`forward`"
        yield Finding(
            f"the analysis of {where} ends here: {raised.exception}"
            + (f": {raised.message}" if raised.message else ""),
            at=raised.frames[0].location if raised.frames else None,
            label="what follows in this module was not checked",
            note=(raised.doubt,),
        )
