"""# receptive-field-below-input

## What it does
Finds classifiers that pool their map globally while no position of it has seen the whole image,
nor anything of the rest by an earlier global pool or attention.

## Why is this bad?
A global pool forgets where things were.  If each position has only seen a part, nothing in the
network can relate two things that are further apart than that part: the image is a bag of patches
([Araujo, Norris, Sim: Computing Receptive Fields](https://distill.pub/2019/computing-receptive-fields/);
the field that has influence is smaller still,
[Luo et al.](https://arxiv.org/abs/1701.04128)).  Some networks are meant so (BagNet).  Where the
map is flattened into linear layers instead, these relate all positions, and nothing is said; nor
of texts, signals and sets of points, where a bag of small parts is what is meant.

## Example
```python
# convlint: target Net 1,3,64,64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)  # info: CL522
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.pool(self.body(x)).flatten(1))
```

## Use instead
```python
# convlint: target Net 1,3,64,64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.ReLU(),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.pool(self.body(x)).flatten(1))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.advice.reach import LOST, Reach
from convlint.advice.receptive import classifies, reach, reaches
from convlint.arithmetic.span import spelled

_MEANS = frozenset({"mean", "sum", "amax", "max", "logsumexp"})


@rule("CL522", severity="info", silent=True)
def receptive_field_below_input(network: Network) -> Iterator[Finding]:
    pool = _last_pool(network) if classifies(network) else None
    if pool is None:
        return
    layer, before = pool
    told = before.told(len(before.fields))
    if before.mixed or LOST in before.fields or len(told) < 2:
        return
    if not all(field.size < origin.size for field, origin in told):
        return
    field, image = spelled(f.size for f, _ in told), spelled(o.size for _, o in told)
    yield Finding(
        f"`{layer.title}` pools features that have seen {field} of the {image} image: nothing "
        "before it relates parts that are further apart",
        layer=layer,
        label=f"each position has seen {field}",
        help=("more layers, strides or dilation before it, or smaller images",),
    )


def _last_pool(network: Network) -> tuple[Layer, Reach] | None:
    """The last layer that makes one position of a map, if it is a pool."""
    known = reaches(network)
    for layer in reversed(network.layers):
        made = known[layer.name]
        if made is None or made.spatial or "input" not in layer.args:
            continue
        before = reach(layer.args["input"], known)
        if before is not None and before.spatial:
            pools = "pool" in layer.op or layer.op in _MEANS
            return (layer, before) if pools and made.mixed else None
    return None
