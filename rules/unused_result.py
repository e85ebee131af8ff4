"""# unused-result

## What it does
Finds statements in `forward` that compute something and throw it away: the result is given to no
name, to a name that nothing reads, or to one that gets another value before anything reads it.

## Why is this bad?
The layer has no effect, and its weights get no gradient.  torch's functions return a new tensor
([torch.nn.functional](https://docs.pytorch.org/docs/stable/nn.functional.html)): `F.relu(x)` alone
changes nothing.  Or a name was mistyped: `x1 + x1` where `x1 + x2` was meant.

A call of a module of your own that stands alone is an info: it may be there for what the module
does besides.  What the code keeps (in an attribute, a list, a hook), what only training uses, and
names that begin with an underscore are left alone.

## Example
```python
# convlint: target Net 1,3,32,32
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.wide = nn.Conv2d(3, 8, 5, padding=2)
        self.last = nn.Conv2d(8, 8, 3)

    def forward(self, x):
        narrow = self.conv(x)
        wide = self.wide(x)
        y = narrow + narrow  # warning: CL554
        F.relu(y)  # warning: CL554
        return self.last(y)
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.wide = nn.Conv2d(3, 8, 5, padding=2)
        self.last = nn.Conv2d(8, 8, 3)

    def forward(self, x):
        narrow = self.conv(x)
        wide = self.wide(x)
        y = narrow + wide
        y = F.relu(y)
        return self.last(y)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from convlint import Finding, Label, Layer, Location, Network, Severity, rule
from convlint.advice.statement import Written, written
from convlint.advice.waste import feeding, forgotten, is_dead_in

_JOINS = ("add", "sub", "mul", "div", "cat", "stack", "maximum", "minimum", "matmul", "bmm")


@rule("CL554", severity="warning", silent=True)
def unused_result(network: Network) -> Iterator[Finding]:
    found = list(forgotten(network))
    if not found or network.other_mode is None:
        return
    told: set[Location] = set()
    for layer, place, name in found:
        at = place.location(place.expression)
        if _moves_weights(layer) or not layer.outputs:
            continue  # nothing is computed there
        if at not in told and is_dead_in(network.other_mode, layer):
            told.add(at)
            yield _finding(layer, place, name, network)


def _moves_weights(layer: Layer) -> bool:
    """Whether weights are moved or converted, as `self.cuda()` does it in place."""
    sources = [t.source for t in layer.tensors if t.source is not None]
    return bool(sources) and all(source.op in ("parameter", "buffer") for source in sources)


def _finding(layer: Layer, place: Written, name: str, network: Network) -> Finding:
    at = place.location(place.expression)
    what = f"`{name}`, which is never read" if name else "no name"
    twice = _taken_twice(layer, name, network) if name else None
    idle = tuple(_idle(layer, network))
    if twice is None:
        return Finding(
            f"the result of `{_text(place)}` goes to {what}: it has no effect",
            layer=layer,
            at=at,
            label="computed and thrown away",
            related=idle,
            severity=None if name or at == layer.call else Severity.INFO,
            help=(
                (f"use `{name}`, or delete the line",)
                if name
                else ("assign the result: x = ...", "or delete the line")
            ),
        )
    assert twice.call is not None
    source = written(twice.call)
    return Finding(
        f"`{_text(source) if source else twice.title}` takes the same tensor twice, and `{name}`"
        " is never read",
        layer=layer,
        at=twice.call,
        label=f"`{name}` is missing here",
        related=(Label(f"`{name}` is computed here and thrown away", at), *idle),
        help=(f"use `{name}` for one of the two",),
    )


def _taken_twice(layer: Layer, name: str, network: Network) -> Layer | None:
    """A join of one tensor with itself, in the same function, of the size of what is unused."""
    wanted = layer.outputs
    functions = {frame.code for frame in layer.frames}
    for other in network.layers:
        if other.op in _JOINS and other.frames and other.frames[0].code in functions:
            taken = other.tensors
            sources = {t.source.name for t in taken if t.source is not None}
            same = len(taken) == 2 and len(sources) == 1 and taken[0] is taken[1]
            if same and wanted and taken[0].shape == wanted[0].shape and _names_one(other):
                return other
    return None


def _names_one(layer: Layer) -> bool:
    """Whether the two tensors are written by one name."""
    found = written(layer.call)
    if found is None:
        return False
    names = [n.id for n in ast.walk(found.expression) if isinstance(n, ast.Name)]
    return len(names) != len(set(names))


def _idle(layer: Layer, network: Network) -> Iterator[Label]:
    """Modules of which every result is thrown away with this one."""
    dead = network.structure.dead
    alive = {id(x.module) for x in network.layers if x.module and x.name not in dead}
    seen = set()
    for one in feeding(layer, network):
        place = one.definition
        if one.module is not None and id(one.module) not in alive and place and place not in seen:
            seen.add(place)
            yield Label(f"`{one.path}` works for nothing else", place)


def _text(place: Written) -> str:
    text = ast.unparse(place.expression)
    return text if len(text) <= 60 else text[:57] + "..."
