"""# groups-never-mix

## What it does
Finds a grouped convolution behind another one whose groups have a common divisor, with nothing
between them that mixes channels.

## Why is this bad?
The channels fall into parts that know nothing of one another over both layers.  ShuffleNet puts a
channel shuffle between them for this reason
([Zhang et al., section 3.1](https://arxiv.org/abs/1707.01083)).

Off by default: a later layer may mix them.

## Example
```python
# convlint: target Net 1,8,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(8, 16, 1, groups=4)
        self.conv2 = nn.Conv2d(16, 8, 1, groups=2)  # info: CL557

    def forward(self, x):
        return self.conv2(self.conv1(x).relu())
```

## Use instead
```python
# convlint: target Net 1,8,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(8, 16, 1, groups=4)
        self.shuffle = nn.ChannelShuffle(4)
        self.conv2 = nn.Conv2d(16, 8, 1, groups=2)

    def forward(self, x):
        return self.conv2(self.shuffle(self.conv1(x).relu()))
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, TensorSpec, rule

_CHANNELWISE = frozenset(
    {"batch_norm", "instance_norm", "relu", "relu6", "leaky_relu", "prelu", "elu", "gelu", "silu",
     "mish", "hardswish", "hardsigmoid", "hardtanh", "sigmoid", "tanh", "dropout", "dropout2d",
     "identity", "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d",
     "interpolate", "contiguous"}
)  # fmt: skip


@rule("CL557", "conv1d", "conv2d", "conv3d", severity="info", default=False, silent=True)
def groups_never_mix(layer: Layer, network: Network) -> Iterator[Finding]:
    groups, given = layer.args["groups"], layer.args["input"]
    if not isinstance(groups, int) or groups < 2:
        return
    first = _before(given)
    if first is None:
        return
    channels = first.args["weight"].shape
    before = first.args["groups"]
    if channels is None or not isinstance(before, int) or before < 2:
        return
    parts = math.gcd(groups, before)
    depthwise = before == channels[0] or groups == channels[0]
    if parts < 2 or depthwise:
        return
    place = first.definition or first.call
    yield Finding(
        f"the channels of `{first.title}` and `{layer.title}` fall into {parts} parts that never"
        " mix",
        layer=layer,
        label=f"groups={groups} behind groups={before}",
        related=(Label("the first of the two", place),) if place is not None else (),
        formula=f"gcd({before}, {groups}) = {parts}",
        help=(f"put nn.ChannelShuffle({before}) between them",),
    )


def _before(given: TensorSpec) -> Layer | None:
    source = given.source
    while source is not None and source.op in _CHANNELWISE:
        tensor = source.args.get("input")
        source = tensor.source if isinstance(tensor, TensorSpec) else None
    return source if source is not None and source.op in ("conv1d", "conv2d", "conv3d") else None
