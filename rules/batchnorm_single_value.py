"""# batchnorm-single-value

## What it does
Finds batch norms that, while training, have to normalize a single value per channel: a batch
of one behind a global pool or a linear layer.

## Why is this bad?
The mean of one value is the value and its variance is nothing: torch raises `Expected more than
1 value per channel when training`
([torch.nn.functional.batch_norm](https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html)).
It is checked with `--mode train`, and for norms that keep no statistics.

## Example
```python
# convlint: target Net 1,3,32,32 --mode train
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pooled = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(3, 16, 1),
            nn.BatchNorm2d(16),  # error: CL110
        )

    def forward(self, x):
        return self.pooled(x)
```

## Use instead
```python
# convlint: target Net 1,3,32,32 --mode train
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pooled = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(3, 16, 1),
            nn.GroupNorm(1, 16),
        )

    def forward(self, x):
        return self.pooled(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, known, product, rule


@rule("CL110", "batch_norm")
def batchnorm_single_value(layer: Layer, network: Network) -> Iterator[Finding]:
    shape, ranks = layer.args["input"].shape, layer.args["ranks"]
    if shape is None or not layer.args["training"] or len(shape) < 2:
        return
    if ranks and len(shape) not in ranks:
        return  # norm-rank
    values = (shape[0], *shape[2:])
    if not known(*values) or product(values) != 1:
        return
    channels = shape[1]
    yield Finding(
        f"`{layer.title}` normalizes one value per channel: {layer.args['input']} arrives, and "
        "its statistics are taken from the batch",
        label="one value per channel",
        formula=f"{' · '.join(str(v) for v in values)} = 1 value per channel",
        help=(
            "train with batches of at least 2 (DataLoader(..., drop_last=True))",
            f"or use a norm that needs no batch: nn.GroupNorm(1, {channels})",
        ),
    )
