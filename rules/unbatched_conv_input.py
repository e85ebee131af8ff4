"""# unbatched-conv-input

## What it does
Finds convolutions and poolings that read the batch as channels: a tensor with one axis less than
images have is taken for a single image without a batch.

## Why is this bad?
`nn.AvgPool1d` on `(N, L)`, or `nn.MaxPool2d` on `(N, H, W)`, does not raise: the samples are read
as the channels of one sample
([torch.nn.AvgPool1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html)).  So
the window slides along something else than the author had in mind: the columns of a feature
vector.

## Example
```python
# convlint: target Net 4,12,20
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(12, 40, 3)
        self.pool = nn.AvgPool1d(5)

    def forward(self, x):
        x = self.conv(x).amax(2)
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

from convlint import Finding, Label, Layer, Network, Severity, rule
from convlint.advice.batch import batch_of
from convlint.arithmetic.window import axes_of

_KINDS = ("conv", "max_pool", "avg_pool", "lp_pool", "adaptive_avg_pool", "adaptive_max_pool")


@rule(
    "CL415", *(f"{kind}{n}d" for kind in _KINDS for n in (1, 2, 3)),
    *(f"max_pool{n}d_with_indices" for n in (1, 2, 3)), severity=Severity.WARNING,
    silent=True,
)  # fmt: skip
def unbatched_conv_input(layer: Layer, network: Network) -> Iterator[Finding]:
    image = layer.args["input"]
    axes = axes_of(layer.op)
    if image.rank != axes + 1 or layer.rejected is not None:
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
