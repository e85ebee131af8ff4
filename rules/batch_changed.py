"""# batch-changed

## What it does
Finds a `view` or `reshape` behind which the network gives another number of rows than it took
samples: the flatten cuts samples into pieces, or joins pieces of different samples, because a
size was left to `-1` that should have been the batch.

## Why is this bad?
Nothing raises: `x.view(-1, 400)` makes four rows of every sample whose map has 1,600 values.  The
loss then compares the wrong rows, or fails much later
([torch.Tensor.view](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html)).  It is
shown by running the shapes at other batch sizes.  Rows that are whole positions of a sample
(`(N, T, F)` as `(N·T, F)`) are no fault.

## Example
```python
# convlint: target Net 4,1,36,36
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 16, 5, stride=2), nn.MaxPool2d(2))
        self.classify = nn.Linear(256, 10)

    def forward(self, x):
        x = self.features(x)
        x = x.view(-1, 256)  # error: CL411
        return self.classify(x)
```

## Use instead
```python
# convlint: target Net 4,1,36,36
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 16, 5, stride=2), nn.MaxPool2d(2))
        self.classify = nn.Linear(1024, 10)

    def forward(self, x):
        x = self.features(x)
        x = x.flatten(1)
        return self.classify(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Network, known, product, rule, show
from convlint.advice.batch import RESHAPES, Batch, Change, batch_of
from convlint.advice.passage import traced


@rule("CL411", silent=True)
def batch_changed(network: Network) -> Iterator[Finding]:
    batch = network.analysis(batch_of)
    if batch is None or not batch.is_certain:
        return
    for change in batch.changes:
        if change.layer.op in RESHAPES and _cuts(change) and not _divides(change):
            yield _finding(batch, change)


def _cuts(change: Change) -> bool:
    """Whether rows are not whole positions: (N, T, F) as (N·T, F) has a sample's own rows."""
    before, after = change.before.shape or (), change.after.shape or ()
    if not known(*before, *after):
        return False
    row = product(after[1:])
    return all(product(before[at:]) != row for at in range(1, len(before) + 1))


def _divides(change: Change) -> bool:
    """Whether features as a layer makes them, or the user gives them, become rows: 50 logits of a
    sample are five times 10."""
    before, after = change.before.shape or (), change.after.shape or ()
    if not len(before) == len(after) == 2:
        return False
    maker, _ = traced(change.before, 1)
    return maker is None or maker.op not in RESHAPES


def _finding(batch: Batch, change: Change) -> Finding:
    before, after = change.before.shape or (), change.after.shape or ()
    n, other = max(batch.others.items())
    there = other.counterpart(change.layer)
    rows = there.outputs[0] if there is not None and there.outputs else None
    sample = product(before[1:])
    return Finding(
        f"`{change.layer.written}` makes {after[0]} rows of {before[0]} "
        f"{'sample' if before[0] == 1 else 'samples'}: {show(before)} becomes {show(after)}",
        layer=change.layer,
        label=f"{show(before)} becomes {show(after)}",
        formula=f"{' · '.join(map(str, before))} / {product(after[1:])} = {after[0]} rows",
        help=(
            f"keep the batch: write x.flatten(1), which gives [{before[0]}, {sample}], and "
            f"{sample} features in the layer behind it",
        ),
        note=(f"with batch {n} the result is {rows}",) if rows is not None else (),
    )
