"""# dropped-input

## What it does
Notes layers whose windows do not reach the end of the map, whoever else reads it.

## Why is this bad?
Mostly it is not: a 1×1 shortcut with stride 2 leaves out the last row of every even map, and the
branch beside it reads it.  So the rule is off; trailing-unread speaks where nobody reads them.

## Example
```python
# convlint: target Net 1,16,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, stride=2, padding=1)
        self.short = nn.Conv2d(16, 16, 1, stride=2)  # info: CL505

    def forward(self, x):
        return self.conv(x) + self.short(x)
```

## Use instead
```python
# convlint: target Net 1,16,8,8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, stride=2, padding=1)
        self.short = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(16, 16, 1))

    def forward(self, x):
        return self.conv(x) + self.short(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.arithmetic.coverage import certain_windows, dropped, last, last_rows
from convlint.arithmetic.window import WINDOWED


@rule(
    "CL505",
    *WINDOWED,
    "im2col",
    severity="info",
    default=False,
    silent=True,
)
def dropped_input(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.args.get("padding_mode", "zeros") != "zeros":
        return
    rows = [(w, dropped(w)) for w in certain_windows(layer) if dropped(w)]
    if rows:
        ends = " and ".join(last_rows(w.axis, n) for w, n in rows)
        window = rows[0][0]
        yield Finding(
            f"`{layer.title}` does not read {ends}",
            label=f"reads up to {last(window)}, the map ends at {window.size - 1}",
            formula=layer.formula,
        )
