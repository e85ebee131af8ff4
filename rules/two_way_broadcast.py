"""# two-way-broadcast

## What it does
Finds element-wise operations and losses in which the batch of one operand meets another axis of
the other, because their ranks differ: `(N, 1) - (N,)` is N×N.

## Why is this bad?
Shapes are aligned at their last axes
([broadcasting](https://docs.pytorch.org/docs/stable/notes/broadcasting.html)): every sample is
compared with every other.  Nothing raises, the loss even falls, and the network learns the mean.
An axis that was put there on purpose (`x.unsqueeze(1) - y`) is no fault.

## Example
```python
# convlint: target Net 8,3,32,32 8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.age = nn.Linear(4, 1)

    def forward(self, image, age):
        guess = self.age(self.features(image))
        return (guess - age).abs().mean()  # error: CL320
```

## Use instead
```python
# convlint: target Net 8,3,32,32 8
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.age = nn.Linear(4, 1)

    def forward(self, image, age):
        guess = self.age(self.features(image)).squeeze(1)
        return (guess - age).abs().mean()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, TensorSpec, known, rule, show
from convlint.advice.batch import ONE, batch_of
from convlint.arithmetic.broadcast import broadcast, clashes

_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "kl_div")
_MAKES_AXES = frozenset({"unsqueeze", "getitem", "__getitem__", "expand", "index"})
_POINTWISE = frozenset({"relu", "sigmoid", "tanh", "exp", "log", "abs", "neg", "to", "float"})


@rule(
    "CL320", "add", "sub", "rsub", "mul", "div", "rdiv", "pow", "maximum", "minimum", "eq", "ne",
    "lt", "le", "gt", "ge", "where", *_LOSSES, silent=True)  # fmt: skip
def two_way_broadcast(layer: Layer, network: Network) -> Iterator[Finding]:
    tensors = layer.tensors
    if len(tensors) < 2 or tensors[0].rank == tensors[1].rank:
        return
    wide, narrow = sorted(tensors[:2], key=lambda t: -(t.rank or 0))
    if not narrow.shape or not wide.known or not narrow.known or _is_meant(wide):
        return
    batch = network.analysis(batch_of)
    if batch is None or batch.denials or clashes(wide.shape or (), narrow.shape):
        return
    axes = dict(zip(map(id, tensors), batch.taken(layer), strict=True))
    of_wide, of_narrow = axes[id(wide)], axes[id(narrow)]
    if not of_wide or not of_narrow or of_wide[0] != ONE or of_narrow[0] != ONE:
        return
    met = len(of_wide) - len(of_narrow)
    if of_wide[met] == 0 and _spreads(wide, narrow, met):
        yield _finding(layer, wide, narrow, met)


def _is_meant(tensor: TensorSpec) -> bool:
    """Whether somebody has put an axis into it (`x[:, None]`)."""
    layer = tensor.source
    while layer is not None and layer.op in _POINTWISE and layer.tensors:
        layer = layer.tensors[0].source
    return layer is not None and layer.op in _MAKES_AXES


def _spreads(wide: TensorSpec, narrow: TensorSpec, met: int) -> bool:
    """Whether the samples of one meet an axis of the other that is 1, or by chance as large."""
    size, samples = (wide.shape or ())[met], (narrow.shape or ())[0]
    return known(size, samples) and (size == 1 or size == samples)


def _finding(layer: Layer, wide: TensorSpec, narrow: TensorSpec, met: int) -> Finding:
    one, other = wide.shape or (), narrow.shape or ()
    result = broadcast(one, other)
    gone = [axis for axis, size in enumerate(one) if size == 1]
    lacking = len(one) - len(other)
    fits = [axis for axis in gone if lacking == 1 and one[:axis] + one[axis + 1 :] == other]
    helps = []
    if fits and len(one) == 2:
        helps.append(f"write .squeeze({fits[0]}) on {show(one)}: both are then {show(other)}")
    elif fits:
        helps.append(f"write .unsqueeze({fits[0]}) on {show(other)}: both are then {show(one)}")
    return Finding(
        f"every sample meets every other: {show(one)} and {show(other)} spread to {show(result)}",
        layer=layer,
        at=layer.call,
        label=f"the batch of {show(other)} meets axis {met} of {show(one)}",
        help=tuple(helps) or ("give both the same number of axes",),
    )
