"""# sizes-narrowed

## What it does
Compares the sizes for which a network works with those of `convlint.lock`, which
`convlint sizes --lock` writes: where it fails today for sizes that work by the lock, that is an
error, with the layers that fail there.  Only targets with an entry are compared.

That it works for more sizes than before is nothing to complain of.

## Why is this bad?
Nothing fails where the change is made: tests use the usual size.  It fails for those who call the
network with another one: a smaller crop, a video that is not square, an older camera.

## Example
The lock is of a network whose sides may be anything from 1 on:
```toml
# convlint.lock
version = 1

[targets."model.py:Net".eval]
inputs = ["1,3,H,32"]
proven = true
works = ["H ≥ 1"]
followed.H = { sizes = [[1, 64, 1]], open = true, period = 1 }
exact = [[{ H = [[1, 64, 1]] }]]
```
Somebody has taken the padding away, and 1 and 2 do not work any more:
```python
# convlint: target Net 1,3,32,32
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)  # error: CL562
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.conv(x).mean((2, 3)))
```

## Use instead
What worked before, or a new lock, if the change is meant: `convlint sizes --lock`.
```toml
# convlint.lock
version = 1

[targets."model.py:Net".eval]
inputs = ["1,3,H,32"]
proven = true
works = ["H ≥ 3"]
followed.H = { sizes = [[1, 64, 1]], open = true, period = 1 }
exact = [[{ H = [[3, 64, 1]] }]]
```
```python
# convlint: target Net 1,3,32,32
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.conv(x).mean((2, 3)))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Narrowing, Severity, rule

_TOLD = 4


@rule("CL562", "<sizes>", silent=True)
def sizes_narrowed(narrowing: Narrowing) -> Iterator[Finding]:
    accept = "if it is meant, accept it with convlint sizes --lock"
    if narrowing.misfit:
        yield Finding(f"cannot be compared with convlint.lock: {narrowing.misfit}", help=(accept,))
        return
    if not narrowing.losses:
        yield Finding(
            f"not all sizes that work by convlint.lock could be followed: {narrowing.unseen}",
            severity=Severity.WARNING,
        )
        return
    first, *others = narrowing.losses
    before = "; ".join(narrowing.before)
    now = "; ".join(narrowing.now) or "no size"
    kind = "other" if narrowing.gains else "fewer"
    notes = [
        f"fails now for {one.where}; at {one.at}: {one.found.message}"
        for one in narrowing.losses[:_TOLD]
    ]
    if len(narrowing.losses) > _TOLD:
        notes.append(f"... and in {len(narrowing.losses) - _TOLD} more ways")
    yield Finding(
        f"works for {kind} sizes than convlint.lock says: before {before}; now {now}",
        at=first.found.location,
        label=f"fails, as at {first.example}",
        related=tuple(
            Label(f"fails for {one.where}", one.found.location)
            for one in others[: _TOLD - 1]
            if one.found.location is not None
        ),
        note=tuple(notes),
        help=(accept,),
    )
