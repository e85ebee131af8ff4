"""# unread-activations

## What it does
Finds maps of which whole rows or columns in the middle are read by none of the layers that take
them: a 1×1 convolution or pooling with stride 2 where nothing else looks at the rest.  It is a
warning where half of the map or more is unread, else a note.

## Why is this bad?
They were computed for nothing.  A 1×1 convolution with stride 2 ignores three quarters of its map
([He et al., Bag of Tricks](https://arxiv.org/abs/1812.01187), section 4.1, who move the stride to
the 3×3 convolution behind it, and put an average pooling before the 1×1 of the shortcut).

## Example
```python
# convlint: target Net 1,16,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.before = nn.Conv2d(16, 16, 3, padding=1)
        self.reduce = nn.Conv2d(16, 8, 1, stride=2)  # warning: CL503
        self.conv = nn.Conv2d(8, 16, 3, padding=1)

    def forward(self, x):
        return self.conv(self.reduce(self.before(x).relu()).relu())
```

## Use instead
```python
# convlint: target Net 1,16,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.before = nn.Conv2d(16, 16, 3, padding=1)
        self.reduce = nn.Conv2d(16, 8, 1)
        self.conv = nn.Conv2d(8, 16, 3, stride=2, padding=1)

    def forward(self, x):
        return self.conv(self.reduce(self.before(x).relu()).relu())
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from convlint import Finding, Label, Layer, Network, Severity, guess, rule
from convlint.advice.reading import Unread, unread
from convlint.arithmetic.coverage import certain_windows, count, has_holes, share
from convlint.arithmetic.drift import drift, misses_dilation


@rule("CL503", severity="warning", silent=True)
def unread_activations(network: Network) -> Iterator[Finding]:
    for one in network.analysis(unread):
        windows = certain_windows(one.readers[0])
        if any(misses_dilation(window) and drift(window) for window in windows):
            continue  # padding-misses-dilation
        if one.has_holes:
            yield _finding(one)


def _finding(one: Unread) -> Finding:
    first, *others = one.readers
    windows = certain_windows(first)
    parts = [min(Fraction(1), Fraction(guess(w.kernel), guess(w.stride))) for w in windows]
    if one.exact and all(w.dilation == 1 for w in windows):  # the same at every size
        part = float(math.prod(parts))
        formula = " · ".join(map(str, parts))
    else:
        part = share(one.masks, one.sizes)
        formula = " · ".join(
            f"{count(mask)}/{n}" for mask, n in zip(one.masks, one.sizes, strict=True)
        )
    percent = f"{100 * part:.0f} %"
    most = "" if one.exact else "at most "
    return Finding(
        f"`{first.title}` reads only {most}{percent} of the map that arrives, and nothing else "
        "reads the rest",
        layer=first,
        label=_label(first, one),
        related=tuple(
            Label("the same holds for this other reader", place)
            for place in (other.definition or other.call for other in others)
            if place is not None
        ),
        formula=f"{formula} = {percent}",
        help=tuple(_helps(first)),
        severity=Severity.WARNING if part <= 0.5 else Severity.INFO,
    )


def _label(first: Layer, one: Unread) -> str:
    window = next(
        w for w, mask in zip(certain_windows(first), one.masks, strict=True) if has_holes(mask)
    )
    dilated = f" with dilation {window.dilation}" if window.dilation > 1 else ""
    return f"a window of {window.kernel}{dilated} in steps of {window.stride}"


def _helps(first: Layer) -> Iterator[str]:
    windows = certain_windows(first)
    if first.op.startswith("conv") and all(w.kernel == 1 for w in windows):
        yield "move the stride to the layer behind it, if its kernel is larger than the stride"
        yield "or pool before it: nn.AvgPool2d(2), and no stride here"
    elif any(w.dilation > 1 and w.stride > 1 for w in windows):
        yield "use either stride or dilation: together they leave the same positions out"
    else:
        for window in windows:
            if window.stride > window.kernel:
                yield f"use a kernel of {window.stride} or more, or a smaller stride"
                return
