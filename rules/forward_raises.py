"""# forward-raises

## What it does
Reports an exception that the network's own code raises while its shapes are followed: an
`assert` that does not hold, sizes that cannot be unpacked.

## Why is this bad?
The network raises it as well.

## Example
```python
# convlint: target Net 2,3,64,64
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        b, c, h, w = x.shape
        assert h == 32, "images must be 32 rows high"  # error: CL190
        return x
```

## Use instead
```python
# convlint: target Net 2,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def forward(self, x):
        b, c, h, w = x.shape
        assert h == 32, "images must be 32 rows high"
        return x
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Network, rule


@rule("CL190")
def forward_raises(network: Network) -> Iterator[Finding]:
    for raised in network.raised:
        if not raised.certain:
            continue
        text = f"{raised.exception}: {raised.message}" if raised.message else raised.exception
        yield Finding(
            f"`forward` raises {text}",
            at=raised.frames[0].location if raised.frames else None,
            label="raised here",
            related=tuple(Label("called from here", f.location) for f in raised.frames[1:2]),
        )
