"""# empty-slice

## What it does
Finds slices that count from the end, `x[:, :-n]` or `x[:, -n:]`, where n is 0.

## Why is this bad?
Minus zero is zero: `x[:, :-0]` is `x[:, :0]`, which is empty and not all of `x`, and `x[:, -0:]` is
all of `x` and not empty
([slicing](https://docs.python.org/3/reference/expressions.html#slicings)).  Typically a padding is
cut off again, and one layer has none.

`x[:, :n]` with n = 0 is left alone: no elements were asked for, and none come.

## Example
```python
# convlint: target Net 1,4,16
import torch.nn as nn

class Causal(nn.Module):
    def __init__(self, kernel):
        super().__init__()
        self.cut = kernel - 1
        self.conv = nn.Conv1d(4, 4, kernel, padding=self.cut)

    def forward(self, x):
        return self.conv(x)[:, :, :-self.cut]  # warning: CL542

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = Causal(1)

    def forward(self, x):
        return self.mix(x)
```

## Use instead
```python
# convlint: target Net 1,4,16
import torch.nn as nn

class Causal(nn.Module):
    def __init__(self, kernel):
        super().__init__()
        self.cut = kernel - 1
        self.conv = nn.Conv1d(4, 4, kernel, padding=self.cut)

    def forward(self, x):
        return self.conv(x)[:, :, :x.size(2)]

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = Causal(1)

    def forward(self, x):
        return self.mix(x)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from convlint import Finding, Layer, Network, rule
from convlint.advice.statement import written


@rule("CL542", "getitem", severity="warning", silent=True)
def empty_slice(layer: Layer, network: Network) -> Iterator[Finding]:
    index = layer.args["index"]
    items = index if isinstance(index, tuple) else (index,)
    for place, item in enumerate(items):
        if not isinstance(item, slice) or item.step not in (None, 1):
            continue
        cut = _is_zero(item.stop) and (item.start is None or _is_zero(item.start))
        kept = _is_zero(item.start) and item.stop is None
        if not cut and not kept:
            continue
        bound = _negative(layer, place, len(items), upper=cut)
        if bound is None:
            continue
        text = f"`:{bound}`" if cut else f"`{bound}:`"
        yield Finding(
            f"{text} is `:0`, which leaves nothing" if cut else f"{text} is `0:`, which leaves all",
            at=layer.call,
            label="minus zero is zero",
            help=(
                f"count from the front: `:x.size(dim) {bound.replace('-', '- ', 1)}`"
                if cut
                else f"count from the front: `x.size(dim) {bound.replace('-', '- ', 1)}:`",
            ),
        )
        return


def _is_zero(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value == 0


def _negative(layer: Layer, place: int, count: int, upper: bool) -> str | None:
    """The end of a slice as it is written, where a minus stands in front of it."""
    found = written(layer.call)
    if found is None or not isinstance(found.expression, ast.Subscript):
        return None
    index = found.expression.slice
    items = index.elts if isinstance(index, ast.Tuple) else [index]
    if len(items) != count or not isinstance(items[place], ast.Slice):
        return None
    item = items[place]
    assert isinstance(item, ast.Slice)
    end = item.upper if upper else item.lower
    if isinstance(end, ast.UnaryOp) and isinstance(end.op, ast.USub):
        return ast.unparse(end)
    return None
