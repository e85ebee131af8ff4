"""# trailing-unread

## What it does
Notes rows or columns at the end of a map that no layer reads, because the last window does not
fit any more.  It is a warning where they are more than half of the map.

## Why is this bad?
What lies at the right and lower border is lost: a pooling of 2 on a 7×7 map loses 13 of its 49
values, on a 3×3 map 5 of 9.  A little is lost in many good networks: CapsNet loses a tenth
([nn.MaxPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html):
the size is rounded down unless `ceil_mode` is on).

## Example
```python
# convlint: target Net 1,16,14,14
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.first = nn.MaxPool2d(2)
        self.second = nn.MaxPool2d(2)  # info: CL504
        self.third = nn.MaxPool2d(2)  # warning: CL504

    def forward(self, x):
        return self.third(self.second(self.first(self.conv(x))))
```

## Use instead
```python
# convlint: target Net 1,16,14,14
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.first = nn.MaxPool2d(2)
        self.second = nn.MaxPool2d(2, ceil_mode=True)
        self.third = nn.MaxPool2d(2)

    def forward(self, x):
        return self.third(self.second(self.first(self.conv(x))))
```
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from convlint import Finding, Label, Layer, Network, Severity, guess, rule
from convlint.advice.reading import Unread, unread
from convlint.arithmetic.coverage import (
    certain_windows,
    count,
    is_complete,
    last_rows,
    share,
)
from convlint.arithmetic.window import Window

MOST = 0.5
"""From which part of the map on it is hardly meant."""


@rule("CL504", severity="info", silent=True)
def trailing_unread(network: Network) -> Iterator[Finding]:
    for one in network.analysis(unread):
        if not one.has_holes:
            yield _finding(one)


def _finding(one: Unread) -> Finding:
    first, *others = one.readers
    size = "×".join(str(n) for n in one.sizes)
    lost = 1 - share(one.masks, one.sizes)
    ends = [(axis, n) for axis, n in zip(one.axes, one.trailing, strict=True) if n]
    rows = " and ".join(last_rows(axis, n) for axis, n in ends)
    also = " nor anything else that takes it" if others else ""
    counts = " · ".join(str(count(mask)) for mask in one.masks)
    return Finding(
        f"`{first.title}` does not read {rows} of the {size} map that arrives{also}: "
        f"{100 * lost:.{0 if lost >= 0.1 else 1}f} % of it "
        + ("is lost" if one.exact else "or more is lost"),
        layer=first,
        label=", ".join(f"{axis}: {n} unread" for axis, n in ends),
        related=tuple(
            Label("does not read them either", place)
            for place in (other.definition or other.call for other in others)
            if place is not None
        ),
        formula=f"1 − ({counts}) / ({' · '.join(str(n) for n in one.sizes)})",
        help=tuple(_helps(first, one)),
        severity=Severity.WARNING if lost > MOST else Severity.INFO,
    )


def _helps(first: Layer, one: Unread) -> Iterator[str]:
    windows = certain_windows(first)
    if "pool" in first.op and all(is_complete(replace(w, ceil=True)) for w in windows):
        yield "write ceil_mode=True, which reads them"
    if all(w.size == n for w, n in zip(windows, one.sizes, strict=True)):
        smaller = "×".join(str(n - t) for n, t in zip(one.sizes, one.trailing, strict=True))
        larger = [_larger(w) for w in windows]
        sizes = "×".join(map(str, larger))
        rest = "" if None in larger else f", one of {sizes} would be read to its end"
        yield f"a map of {smaller} would give the same{rest}"


def _larger(window: Window) -> int | None:
    """The next size that is read to its end; None where strides leave gaps at any size."""
    size = guess(window.size)
    later = range(size, size + guess(window.stride) + 1)
    return next((n for n in later if is_complete(replace(window, size=n))), None)
