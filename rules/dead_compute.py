"""# dead-compute

## What it does
Finds operators whose result reaches, neither in training nor in evaluation, the output of the
network or anything that its code keeps.

## Why is this bad?
It costs time and memory, and layers that work for it get no gradient
([torch.autograd](https://docs.pytorch.org/docs/stable/notes/autograd.html)).  In code that serves
many networks it may be meant: a pyramid computes a level that this network does not ask for.
Where a single statement throws its result away, [unused-result](unused-result) says so.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.levels = nn.ModuleList(nn.Conv2d(3, 8, 3, padding=1) for _ in range(3))

    def forward(self, x):
        levels = [level(x) for level in self.levels]  # info: CL553
        return levels[0]
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.levels = nn.ModuleList(nn.Conv2d(3, 8, 3, padding=1) for _ in range(3))

    def forward(self, x):
        levels = [level(x) for level in self.levels]
        return levels[0] + levels[1] + levels[2]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Network, rule
from convlint.advice.waste import abandoned, idle_ends, is_dead_in


@rule("CL553", severity="info", silent=True)
def dead_compute(network: Network) -> Iterator[Finding]:
    found = list(idle_ends(network))
    if not found or network.other_mode is None:
        return
    for layer in found:
        if abandoned(layer) is None and is_dead_in(network.other_mode, layer):
            place = layer.definition
            yield Finding(
                f"the result of `{layer.title}` reaches no output",
                layer=layer,
                at=layer.call,
                label="computed for nothing",
                related=(Label("made here", place),) if place is not None else (),
            )
