"""# even-kernel-same

## What it does
Notes windows of even extent without stride that are padded alike at both ends: the size drifts by
one in every such layer.

## Why is this bad?
No padding that is the same at both ends keeps the size of an even window: `kernel // 2` gives one
more, `(kernel - 1) // 2` one less, and the map moves by half a pixel
([Dumoulin & Visin](https://arxiv.org/abs/1603.07285): half padding is for odd kernels).  Good
networks live with it (the discriminators of pix2pix, EEGNet), so this is only noted.  It is silent
where a layer before pads or one behind crops.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 4, padding=2)  # info: CL214

    def forward(self, x):
        return self.conv(x)
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 4, padding="same")

    def forward(self, x):
        return self.conv(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, guess, rule
from convlint.advice.framing import Fate, fate, is_padded_before
from convlint.arithmetic.coverage import certain_windows
from convlint.arithmetic.drift import drift, moves_by_one
from convlint.arithmetic.window import Window

_NAMES = ("conv{}", "max_pool{}", "max_pool{}_with_indices", "avg_pool{}")


@rule(
    "CL214",
    *(name.format(axes) for name in _NAMES for axes in ("1d", "2d", "3d")),
    severity="info",
    silent=True,
)
def even_kernel_same(layer: Layer, network: Network) -> Iterator[Finding]:
    found = certain_windows(layer)
    drifting = [window for window in found if _drifts(window)]
    if not drifting or not moves_by_one(found) or is_padded_before(layer):
        return
    if fate(layer, network, _is_suspect) is not Fate.UNNOTICED:
        return
    one = drifting[0]
    padding = "padding='same'" if layer.op.startswith("conv") else "an F.pad of unequal ends before"
    yield Finding(
        f"`{layer.title}` pads {one.padding[0]} at both ends of {one.axis} for an even window of "
        f"{one.extent}: {one.size} becomes {one.output}",
        label=f"{one.axis} {'grows' if drift(one) > 0 else 'shrinks'} by one",
        formula=layer.formula,
        help=(f"use an odd kernel, or {padding}",),
    )


def _drifts(window: Window) -> bool:
    before, after = window.padding
    even = guess(window.extent) % 2 == 0
    return even and before == after and before > 0 and abs(drift(window)) == 1


def _is_suspect(layer: Layer) -> bool:
    return any(_drifts(w) for w in certain_windows(layer))
