"""# empty-output

## What it does
Finds layers that run and give an empty map: negative paddings, pools to a size of zero,
unpoolings.

## Why is this bad?
Nothing is left to learn from; layers behind it fail, or give NaN (a mean over nothing,
[torch.mean](https://docs.pytorch.org/docs/stable/generated/torch.mean.html)).

## Example
```python
# convlint: target Net 1,8,4,4
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.crop = nn.ZeroPad2d(-2)  # warning: CL207

    def forward(self, x):
        return self.crop(x)
```

## Use instead
```python
# convlint: target Net 1,8,4,4
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.crop = nn.ZeroPad2d(-1)

    def forward(self, x):
        return self.crop(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule

_AXES = ("1d", "2d", "3d")
_KINDS = ("adaptive_avg_pool{}", "adaptive_max_pool{}", "max_unpool{}")


@rule(
    "CL207", *(kind.format(axes) for kind in _KINDS for axes in _AXES), "pad", "interpolate",
    severity="warning",
)  # fmt: skip
def empty_output(layer: Layer, network: Network) -> Iterator[Finding]:
    image = layer.args.get("input")
    if image is None or image.shape is None or any(n == 0 for n in image.shape):
        return
    for output in layer.outputs[:1]:
        if output.shape is not None and any(n == 0 for n in output.shape):
            yield Finding(
                f"`{layer.title}` makes an empty map of {image}: {output}",
                label="nothing is left",
                formula=layer.formula,
            )
