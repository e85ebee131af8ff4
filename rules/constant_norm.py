"""# constant-norm

## What it does
Finds layer norms over a single feature, and the standard deviation or variance of a single value.

## Why is this bad?
A layer norm over one feature gives its bias, whatever comes in
([torch.nn.LayerNorm](https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html)), and
the unbiased deviation of one value is NaN
([torch.std](https://docs.pytorch.org/docs/stable/generated/torch.std.html)).  Neither raises.

## Example
```python
# convlint: target Net 4,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(16, 1)
        self.norm = nn.LayerNorm(1)  # error: CL114

    def forward(self, x):
        return self.norm(self.score(x))
```

```python
# convlint: target Net 4,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(16, 1)

    def forward(self, x):
        x = self.score(x)
        return x / x.std(1, keepdim=True)  # error: CL114
```

## Use instead
```python
# convlint: target Net 4,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(16)
        self.score = nn.Linear(16, 1)

    def forward(self, x):
        return self.score(self.norm(x))
```

```python
# convlint: target Net 4,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(16, 1)

    def forward(self, x):
        x = self.score(x)
        return x / x.std(0, keepdim=True)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, known, origin, product, rule

_DEVIATIONS = ("std", "var", "std_mean", "var_mean")


@rule("CL114", "layer_norm", *_DEVIATIONS, silent=True)
def constant_norm(layer: Layer, network: Network) -> Iterator[Finding]:
    if not layer.args["input"].shape or layer.rejected is not None:
        return
    if layer.op == "layer_norm":
        yield from _norm(layer)
    elif layer.args["unbiased"] and layer.args["correction"] in (None, 1):
        yield from _deviation(layer)


def _norm(layer: Layer) -> Iterator[Finding]:
    sides = layer.args["normalized_shape"]
    if known(*sides) and product(sides) == 1:
        yield Finding(
            f"`{layer.title}` normalizes a single feature: it gives its bias, whatever arrives",
            label="normalizes a single element",
            related=_comes_from(layer),
            help=("drop the norm here, or normalize before the features become one",),
        )


def _deviation(layer: Layer) -> Iterator[Finding]:
    shape, dim = layer.args["input"].shape, layer.args["dim"]
    if dim is False:  # std(x, False) is std(x, unbiased=False)
        return
    given = dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = range(len(shape)) if dim is None or dim is True or not given else given
    rank = len(shape)
    values = [shape[axis] for axis in axes if isinstance(axis, int) and -rank <= axis < rank]
    if known(*values) and product(values) == 1 and len(values) == len(axes):
        yield Finding(
            f"`{layer.title}` takes the deviation of a single value of {layer.args['input']}, "
            "which is NaN",
            label="the deviation of 1 value",
            formula="1 − 1 = 0 to divide by",
            help=("write unbiased=False, or name the axis that was meant",),
        )


def _comes_from(layer: Layer) -> tuple[Label, ...]:
    source = origin(layer.args["input"], -1)
    place = (source.definition or source.call) if source is not None else None
    return (Label("the feature comes from here", place),) if place is not None else ()
