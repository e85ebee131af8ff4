"""# overwritten-layer

## What it does
Finds a layer that the same `__init__` replaces by another one under the same name, before
anything has used the first.

## Why is this bad?
Of two assignments to one attribute only the last counts: the first layer is gone, and every call
of that name in `forward` gets the second one's weights, often in a place where it does not fit.
Mostly a line was copied and its number was not changed.  Submodules are kept by attribute name
([torch.nn.Module](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html)).

A default that is replaced under a condition, in a subclass or from outside (`model.fc = ...`), is
no fault; nor are two layers without weights.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)  # warning: CL552

    def forward(self, x):
        x = self.conv1(x).relu()
        x = self.conv2(x).relu()
        return self.conv2(x)
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.conv3 = nn.Conv2d(16, 16, 3, padding=1)

    def forward(self, x):
        x = self.conv1(x).relu()
        x = self.conv2(x).relu()
        return self.conv3(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convlint import Finding, Label, Network, rule
from convlint.advice.statement import attribute, overwriting, written

_WITHOUT_WEIGHTS = ("Identity", "Sequential", "ModuleList", "ModuleDict")


@rule("CL552", severity="warning", silent=True)
def overwritten_layer(network: Network) -> Iterator[Finding]:
    for lost in network.structure.lost:
        place = lost.frames[0].location if lost.frames else None
        first = written(place)
        if first is None or place is None or first.function.name != "__init__":
            continue
        name, second = attribute(first), overwriting(first)
        owner = _module(network, lost.owner)
        if name is None or second is None or owner is None:
            continue
        if lost.kind in _WITHOUT_WEIGHTS or not _has_weights(owner, name):
            continue
        path = f"{lost.owner}.{name}" if lost.owner else name
        yield Finding(
            f"`self.{name}` is assigned twice, so that the {lost.kind} of line {place.row} is"
            " never used",
            at=first.location(second),
            label="replaces the first",
            related=(Label(f"this {lost.kind} is lost", place),),
            help=("give one of them another name, or delete the one that is not meant",),
            note=(f"every call of `{path}` is a call of the layer that was assigned last",),
        )


def _module(network: Network, path: str) -> Any:
    try:
        return network.module.get_submodule(path) if network.module is not None else None
    except AttributeError:
        return None


def _has_weights(owner: Any, name: str) -> bool:
    """Whether the layer that is left has weights: of a pair without them either will do."""
    left = owner._modules.get(name)
    return left is not None and next(iter(left.parameters()), None) is not None
