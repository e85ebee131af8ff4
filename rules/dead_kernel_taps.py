"""# dead-kernel-taps

## What it does
Finds convolutions at least half of whose kernel never meets the map: wherever the window lies,
those weights are multiplied with the padding.  All calls that share the weights are counted
together, and the zeros that a layer before pads are padding too.  Where the kernel is whole along
one of its axes (a 3×3×3 convolution over a single frame) it is only noted.

## Why is this bad?
The weights that only meet zeros have no effect, and their gradient is exactly zero: a 3×3 kernel
with dilation 36 on a 33×33 map is a 1×1 kernel
([Chen et al., DeepLabv3](https://arxiv.org/abs/1706.05587), section 3.3, which counts them).  The
dilation is too large for the map, or the map too small: an ImageNet network on 32×32 images.

## Example
```python
# convlint: target Net 1,16,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rate = nn.Conv2d(16, 16, 3, padding=18, dilation=18)  # warning: CL501

    def forward(self, x):
        return self.rate(x)
```

## Use instead
```python
# convlint: target Net 1,16,16,16
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rate = nn.Conv2d(16, 16, 3, padding=6, dilation=6)

    def forward(self, x):
        return self.rate(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from convlint import Finding, Label, Layer, Network, Severity, guess, origin, rule
from convlint.advice.taps import dead_share, smallest
from convlint.arithmetic.coverage import all_taps_meet, live_taps
from convlint.arithmetic.drift import drift, keeping, misses_dilation, written
from convlint.arithmetic.window import Window


@rule("CL501", "conv1d", "conv2d", "conv3d", severity="warning", silent=True)
def dead_kernel_taps(layer: Layer, network: Network) -> Iterator[Finding]:
    found, taps, alive = dead_share(layer, network)
    if alive * 2 > taps or all(window.size == 1 for window in found):
        return  # conv-on-1x1-map
    if any(misses_dilation(window) and drift(window) for window in found):
        return  # padding-misses-dilation: taps miss the map because padding is missing
    axes = [w for w in found if not all_taps_meet(w)]
    sizes = "×".join(str(w.size) for w in found)
    hurt = all(w in axes for w in found if w.kernel > 1)
    yield Finding(
        f"only {alive} of the {taps} weights of every kernel of `{layer.title}` ever meet "
        f"its map of {sizes}; the others meet padding alone, and are never trained",
        label=f"{taps - alive} of {taps} weights are dead",
        related=tuple(_whence(layer, found)),
        formula="; ".join(_counted(w) for w in axes),
        help=tuple(_helps(found, axes)),
        severity=Severity.WARNING if hurt else Severity.INFO,
    )


def _counted(window: Window) -> str:
    alive = len(live_taps(window))
    text = f"{window.axis}: {alive} of {window.kernel}"
    return f"{text}, window {window.extent} on {window.size}, padding {window.padding[0]}"


def _whence(layer: Layer, found: Sequence[Window]) -> Iterator[Label]:
    source = origin(layer.args["input"], -len(found))
    place = source and (source.definition or source.call)
    if source is not None and place and source.op != "input":
        yield Label(f"{found[0].axis} = {found[0].size} comes from here", place)


def _helps(found: Sequence[Window], axes: Sequence[Window]) -> Iterator[str]:
    smaller = _smaller_dilation(found, axes)
    if smaller is not None:
        yield smaller
    needed = [smallest(w) for w in axes]
    if all(needed):
        sizes = "×".join(str(n) for n in needed)
        yield (
            f"{'' if smaller is None else 'or '}bring a larger map here, by a larger input or less "
            f"stride before: from {sizes} on every weight counts"
        )


def _smaller_dilation(found: Sequence[Window], axes: Sequence[Window]) -> str | None:
    """The largest dilation at which every tap meets the map, where padding keeps the size."""
    kept = all(w.stride == 1 and drift(w) == 0 and guess(w.kernel) % 2 for w in found)
    dilations = {w.dilation for w in found}
    most = min((guess(w.size) - 1) // ((guess(w.kernel) - 1) // 2) for w in axes) if kept else 0
    if most < 1 or dilations == {1} or len(dilations) > 1:
        return None
    pads = written([keeping(replace(w, dilation=most)) for w in found])
    return f"write dilation={most} and padding={pads}, or less"
