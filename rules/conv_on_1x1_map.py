"""# conv-on-1x1-map

## What it does
Finds convolutions with a kernel larger than 1 on a map of a single position: one of their weights
meets it, the others meet padding alone.

## Why is this bad?
A 3×3 convolution on a 1×1 map is a 1×1 convolution with eight ninths of its weights dead, whose
gradient is exactly zero.  The strides and poolings before it are made for larger images: an
ImageNet network (32 times smaller at its end) on 32×32 images
([He et al.](https://arxiv.org/abs/1512.03385), section 4.2, change the stem for CIFAR-10).

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 7, stride=4, padding=3), nn.MaxPool2d(8))
        self.conv = nn.Conv2d(16, 16, 3, padding=1)  # warning: CL502

    def forward(self, x):
        return self.conv(self.stem(x))
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.MaxPool2d(8))
        self.conv = nn.Conv2d(16, 16, 3, padding=1)

    def forward(self, x):
        return self.conv(self.stem(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, origin, rule
from convlint.advice.taps import dead_share


@rule("CL502", "conv1d", "conv2d", "conv3d", severity="warning", silent=True)
def conv_on_1x1_map(layer: Layer, network: Network) -> Iterator[Finding]:
    found, taps, alive = dead_share(layer, network)
    if alive * 2 > taps or not all(window.size == 1 for window in found):
        return
    kernel = "×".join(str(w.kernel) for w in found)
    source = origin(layer.args["input"], -1)
    place = source and (source.definition or source.call)
    related: tuple[Label, ...] = ()
    if source is not None and place and source.op != "input":
        related = (Label("the map shrinks to one position here", place),)
    yield Finding(
        f"`{layer.title}` has a kernel of {kernel}, but its map is a single position: "
        f"{taps - alive} of {taps} weights meet padding alone, and are never trained",
        label=f"a kernel of {kernel} on a map of {'×'.join('1' for _ in found)}",
        related=related,
        help=(
            "take strides or poolings out of what comes before (for small images the stem is the "
            "place), or feed larger images",
            "or write kernel_size=1 and padding=0, if one position is meant",
        ),
    )
