"""# adaptive-upsamples

## What it does
Finds adaptive poolings that are asked for more positions than arrive: a warning where they are
twice as many, else a note.

## Why is this bad?
Nothing is pooled: values are repeated.  A VGG on 32×32 images blows its 1×1 map up to 7×7, and
the linear layer behind it takes 49 copies of every value
([nn.AdaptiveAvgPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html)).
The network was made for larger images.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.maps = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.MaxPool2d(32))
        self.pool = nn.AdaptiveAvgPool2d(7)  # warning: CL507
        self.fc = nn.Linear(16 * 49, 10)

    def forward(self, x):
        return self.fc(self.pool(self.maps(x)).flatten(1))
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.maps = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.MaxPool2d(32))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.pool(self.maps(x)).flatten(1))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, Severity, known, origin, product, rule
from convlint.arithmetic.window import axes_of

_NAMES = ("adaptive_avg_pool{}", "adaptive_max_pool{}", "adaptive_max_pool{}_with_indices")


@rule(
    "CL507",
    *(name.format(axes) for name in _NAMES for axes in ("1d", "2d", "3d")),
    severity="warning",
    silent=True,
)
def adaptive_upsamples(layer: Layer, network: Network) -> Iterator[Finding]:
    before, after = layer.args["input"].shape, layer.outputs[0].shape
    axes = axes_of(layer.op)
    if before is None or after is None or len(before) != len(after) or len(before) <= axes:
        return
    sizes, made = before[-axes:], after[-axes:]
    if not known(*sizes, *made) or all(m <= n for n, m in zip(sizes, made, strict=True)):
        return
    was, becomes = "×".join(map(str, sizes)), "×".join(map(str, made))
    source = origin(layer.args["input"], -1)
    place = source and (source.definition or source.call)
    related: tuple[Label, ...] = ()
    if source is not None and place and source.op != "input":
        related = (Label(f"{was} comes from here", place),)
    yield Finding(
        f"`{layer.title}` makes {becomes} of a map of {was}: it does not pool, but repeats values",
        label=f"{becomes} is more than arrives",
        related=related,
        help=(
            f"ask for {was} or less, with a layer behind it that takes as many features",
            "or feed larger images, or take a stride out of what comes before",
        ),
        severity=Severity.WARNING if product(made) >= 2 * product(sizes) else Severity.INFO,
    )
