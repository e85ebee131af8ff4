"""# channel-mismatch

## What it does
Finds convolutions whose input has another number of channels than their weights.

## Why is this bad?
torch raises `Given groups=1, weight of size [...], expected input[...] to have 16 channels`.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)  # error: CL101

    def forward(self, x):
        return self.conv2(self.conv1(x))
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3)
        self.conv2 = nn.Conv2d(16, 64, 3)

    def forward(self, x):
        return self.conv2(self.conv1(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, origin, rule


@rule("CL101", "conv2d")
def channel_mismatch(layer: Layer, network: Network) -> Iterator[Finding]:
    image, weight = layer.args["input"], layer.args["weight"]
    if image.shape is None or weight.shape is None or len(image.shape) < 3:
        return
    wanted = weight.shape[1] * layer.args["groups"]
    arrives = image.shape[-3]
    if arrives != wanted:
        source = origin(image, -3)
        yield Finding(
            f"`{layer.title}` takes {wanted} channels, but {arrives} arrive",
            label=f"in_channels is {wanted}",
            help=(f"write in_channels={arrives}",),
        )
