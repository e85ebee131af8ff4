"""# unbatched-conv-input

## What it does
Finds convolutions that read the batch as channels, since a tensor with one axis less than they
want is taken for a single sample without a batch, and 1-d poolings that so slide along a vector of
features.

## Why is this bad?
`nn.AvgPool1d` on `(N, F)` does not raise: the samples are read as the channels of one sample
([torch.nn.AvgPool1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html)), and
the window slides along the columns of the feature vector, which are no neighbours.  Pooling masks
of `(N, H, W)` or `(N, T)` gives what was meant, and is no fault.

## Example
```python
# convlint: target Net 4,12,20
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(12, 40, 3)
        self.pool = nn.AvgPool1d(5)

    def forward(self, x):
        x = self.conv(x).amax(2)
        x = torch.cat([x, -x], 1)
        return self.pool(x)  # warning: CL415
```

## Use instead
```python
# convlint: target Net 4,12,20
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(12, 40, 3)
        self.pool = nn.AvgPool1d(5)

    def forward(self, x):
        return self.pool(self.conv(x)).amax(2)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, Severity, origin, rule
from convlint.advice.batch import batch_of
from convlint.arithmetic.window import axes_of

_POOLS = ("max_pool1d", "max_pool1d_with_indices", "avg_pool1d", "lp_pool1d")
_FEATURES = frozenset({"linear", "cat", "embedding", "flatten", "view", "reshape", "lstm", "gru"})


@rule("CL415", "conv1d", "conv2d", "conv3d", *_POOLS, severity=Severity.WARNING, silent=True)
def unbatched_conv_input(layer: Layer, network: Network) -> Iterator[Finding]:
    image = layer.args["input"]
    axes = axes_of(layer.op)
    if image.rank != axes + 1 or layer.rejected is not None:
        return
    made = origin(image, -1) if layer.op in _POOLS else None
    if layer.op in _POOLS and (made is None or made.op not in _FEATURES):
        return
    batch = network.analysis(batch_of)
    if batch is None or not batch.is_certain:
        return
    taken = batch.taken(layer)[0]
    if not taken or not taken[0] or any(taken[1:]):
        return
    joined = image.source
    cat = joined is not None and joined.op == "cat" and joined.call is not None
    yield Finding(
        f"`{layer.title}` reads {image} as one sample of {image.shape[0]} channels, but axis 0 "
        "holds the batch",
        layer=layer,
        at=layer.call,
        label=f"slides along the last axis of {image}",
        related=(Label("joined here", joined.call),) if cat else (),
        help=(
            f"give it {axes + 2} axes: a batch, channels, and what it slides along"
            + (": torch.stack(...) instead of torch.cat(...)" if cat else ""),
        ),
    )
