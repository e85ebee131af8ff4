"""# unused-parameters

## What it does
Finds parameters, and whole layers, that no operator takes, neither in training nor in evaluation
mode.

## Why is this bad?
They are never trained: their gradient is `None`, and `DistributedDataParallel` waits for it in vain
([find_unused_parameters](https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html)).
Most often a call was forgotten in `forward`, or another layer is called twice in its place.

Layers that only training uses (auxiliary heads) are no fault.  Where a method, or other code of the
same file, reads the attribute, the finding is an info: it may be used with other inputs or options,
or belong to a part of a backbone that this network does not need.

## Example
```python
# convlint: target Net 1,1,24,24
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stage1 = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU())
        self.stage2 = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())
        self.stage3 = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())  # warning: CL550

    def forward(self, x):
        x = self.stage1(x)
        return self.stage2(x)
```

## Use instead
```python
# convlint: target Net 1,1,24,24
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stage1 = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU())
        self.stage2 = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())
        self.stage3 = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())

    def forward(self, x):
        x = self.stage1(x)
        x = self.stage2(x)
        return self.stage3(x)
```

A head that only training uses is used:

```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.head = nn.Linear(16, 10)
        self.auxiliary = nn.Linear(16, 10)

    def forward(self, x):
        x = self.stem(x).relu().mean((2, 3))
        if self.training:
            return self.head(x), self.auxiliary(x)
        return self.head(x)
```
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from convlint import Finding, Label, Network, Severity, rule
from convlint.advice.naming import reader


@rule("CL550", severity="warning", silent=True)
def unused_parameters(network: Network) -> Iterator[Finding]:
    unused = network.structure.unused
    if not unused or network.module is None or network.other_mode is None:
        return
    unused &= network.other_mode.structure.unused
    elsewhere = network.elsewhere  # what another side of a branch uses is not idle
    unused = frozenset(p for p in unused if elsewhere.isdisjoint((p, *_prefixes(p))))
    for path, names in _grouped(network.module, unused).items():
        if not _is_part_of_a_layer(network.module, path, names):
            yield _finding(network, path, names)


def _is_part_of_a_layer(module: Any, path: str, names: list[str]) -> bool:
    """Whether it is one weight of a layer of torch's, of which the code takes another by itself."""
    owner = module.get_submodule(path.rpartition(".")[0])
    return path in names and type(owner).__module__.startswith("torch.nn.modules")


def _finding(network: Network, path: str, names: list[str]) -> Finding:
    weights = dict(network.module.named_parameters()) if network.module is not None else {}
    held = [weights[name] for name in names]
    elements = sum(w.numel() for w in held if not hasattr(w, "materialize"))  # a lazy one has none
    owner = path if path in network.structure.made else path.rpartition(".")[0]
    frames = network.structure.made.get(owner, ())
    # A function that makes blocks serves others as well: what keeps this one is further out.
    outer = (frame for frame in frames if frame.code.co_name == "__init__")
    kept = next(outer, frames[0] if frames else None)
    inner = frames[:1] if kept is not None and kept is not frames[0] else ()
    what = "is never used" if owner == path else "is a parameter that no operator takes"
    method = reader(network, path)
    return Finding(
        f"`{path}` {what}, neither in training nor in evaluation",
        at=kept.location if kept is not None else None,
        related=tuple(Label("made here", frame.location) for frame in inner),
        label=f"{elements} weights that are never trained" if elements else "never made",
        severity=None if method is None else Severity.INFO,
        help=("use it in forward, or delete it",),
        note=()
        if method is None
        else (f"`{method}` may read it: not with these inputs and options",),
    )


def _grouped(module: Any, unused: Iterable[str]) -> dict[str, list[str]]:
    """The parameters by the outermost module of which none is used; one alone by itself."""
    total = Counter(p for name, _ in module.named_parameters() for p in _prefixes(name))
    idle = Counter(p for name in unused for p in _prefixes(name))
    found: dict[str, list[str]] = {}
    for name in sorted(unused):
        whole = next((p for p in _prefixes(name) if idle[p] == total[p]), name)
        found.setdefault(whole, []).append(name)
    return found


def _prefixes(name: str) -> list[str]:
    """The modules that a parameter is in, without the network itself, outermost first."""
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]
