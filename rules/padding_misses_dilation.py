"""# padding-misses-dilation

## What it does
Finds convolutions and poolings without stride whose odd kernel is padded, but not with the padding
that keeps the size.  It is an error where the padding is exactly the one that would keep the size
without the dilation, and nothing in the network was written for the smaller map; else a warning.
It is silent where a layer before pads or one behind crops, where the map meets another one of its
size, and, but for a forgotten dilation, where the head was written for the size that comes out.

## Why is this bad?
A dilated kernel reaches `dilation * (kernel - 1) + 1` positions, so the padding that keeps the
size is `dilation * (kernel - 1) / 2`
([Dumoulin & Visin, A guide to convolution arithmetic](https://arxiv.org/abs/1603.07285)).  With
less the map shrinks in every such layer, and a global pool or a broadcast hides it.

## Example
```python
# convlint: target Net 1,16,7,7
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(16, 16, 3, padding=1, dilation=2)  # error: CL210
        self.wider = nn.Conv2d(16, 16, 5, padding=1)  # warning: CL210

    def forward(self, x):
        return self.wider(self.wide(x)).mean((2, 3))
```

## Use instead
```python
# convlint: target Net 1,16,7,7
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(16, 16, 3, padding=2, dilation=2)
        self.wider = nn.Conv2d(16, 16, 5, padding=2)

    def forward(self, x):
        return self.wider(self.wide(x)).mean((2, 3))
```
Without padding the map is meant to shrink, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convlint import Finding, Layer, Network, Severity, rule
from convlint.advice.framing import Fate, fate, is_padded_before
from convlint.arithmetic.coverage import certain_windows, padding_only
from convlint.arithmetic.drift import (
    drift,
    exchanged,
    keeping,
    keeping_formula,
    misses_dilation,
    moves_by_one,
    strays,
    written,
)
from convlint.arithmetic.window import Window

_NAMES = ("conv{}", "max_pool{}", "max_pool{}_with_indices", "avg_pool{}")


@rule(
    "CL210",
    *(name.format(axes) for name in _NAMES for axes in ("1d", "2d", "3d")),
    severity="warning",
    silent=True,
)
def padding_misses_dilation(layer: Layer, network: Network) -> Iterator[Finding]:
    found = certain_windows(layer)
    astray = [window for window in found if strays(window)]
    if not astray or not moves_by_one(found) or is_padded_before(layer):
        return
    if exchanged(found) or any(padding_only(w) != (0, 0) for w in astray):
        return  # swapped-padding, padding-exceeds-kernel
    forgotten = [window for window in astray if misses_dilation(window)]
    became = fate(layer, network, _is_suspect)
    if became is Fate.TOLD or (became is Fate.MEANT and not forgotten):
        return
    certain = len(forgotten) == len(astray) and became is Fate.UNNOTICED
    yield _finding(layer, found, (forgotten or astray)[0], bool(forgotten), certain)


def _is_suspect(layer: Layer) -> bool:
    return any(misses_dilation(w) and strays(w) for w in certain_windows(layer))


def _finding(
    layer: Layer, found: Sequence[Window], one: Window, forgotten: bool, certain: bool
) -> Finding:
    kernel = f"a kernel of {one.kernel}"
    kernel += f" with dilation {one.dilation}" if one.dilation > 1 else ""
    change = drift(one)
    becomes = f"shrinks by {-change}" if change < 0 else f"grows by {change}"
    pads = tuple(keeping(w) if strays(w) else w.padding[0] for w in found)
    note = (f"padding={one.padding[0]} is right for dilation 1 only",) if forgotten else ()
    return Finding(
        f"`{layer.title}` pads {one.padding[0]} for {kernel}: the map {becomes} along {one.axis}",
        label=f"padding {one.padding[0]}, where {keeping(one)} keeps the size",
        formula=keeping_formula(one),
        help=(
            f"write padding={written(pads)}, which keeps the size",
            "or padding=0, if the map is meant to shrink",
        )
        if change < 0
        else (f"write padding={written(pads)}, which keeps the size",),
        note=note,
        severity=Severity.ERROR if certain else Severity.WARNING,
    )
