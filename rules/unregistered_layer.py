"""# unregistered-layer

## What it does
Finds layers with weights that `forward` calls and that are none of the network's submodules: kept
in a plain list, tuple or dict, or made in `forward`; and dropouts of this kind, which never stop
dropping.

## Why is this bad?
`parameters()`, `to(device)`, `state_dict()`, `train()` and `eval()` do not reach them
([torch.nn.ModuleList](https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html)):
their weights stay at their random values, and are not saved.  A layer that `forward` makes has
other random weights at every call.

A single module in a list is left alone, for that is how one is hidden on purpose, and so is what
is called without gradients.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.blocks = [nn.Conv2d(16, 16, 3, padding=1) for _ in range(3)]  # warning: CL551

    def forward(self, x):
        x = self.stem(x).relu()
        for block in self.blocks:
            x = block(x).relu()
        return nn.Conv2d(16, 4, 1)(x)  # warning: CL551
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.blocks = nn.ModuleList([nn.Conv2d(16, 16, 3, padding=1) for _ in range(3)])
        self.head = nn.Conv2d(16, 4, 1)

    def forward(self, x):
        x = self.stem(x).relu()
        for block in self.blocks:
            x = block(x).relu()
        return self.head(x)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule

_INSTEAD = {
    "list": "nn.ModuleList(...)",
    "tuple": "nn.ModuleList(...)",
    "dict": "nn.ModuleDict(...)",
}


@rule("CL551", severity="warning", silent=True)
def unregistered_layer(network: Network) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for loose in network.structure.loose:
        made = loose.holder == "forward"
        if not made and loose.items < 2:
            continue
        if loose.weights:
            fault = (
                "has new random weights at every call, which are never trained"
                if made
                else "is no submodule: its weights are neither trained, moved nor saved"
            )
        elif loose.stuck:
            fault = "drops in evaluation as well: `eval()` does not reach it"
        else:
            continue
        if not made:  # once for what lies in one list
            keeper = loose.path.rpartition(".")[0], fault
            if keeper in told:
                continue
            told.add(keeper)
        where = "made in forward" if made else f"in the plain {loose.holder} `{loose.attribute}`"
        layer = _called(network, loose.path)
        yield Finding(
            f"the {loose.kind} {where} {fault}",
            layer=layer,
            at=loose.frames[0].location if loose.frames else None,
            label="not registered",
            help=(
                ("make it in __init__, as an attribute",)
                if made
                else (f"keep them in {_INSTEAD.get(loose.holder, 'nn.ModuleList(...)')}",)
            ),
        )


def _called(network: Network, path: str) -> Layer | None:
    inside = path + "."
    return next(
        (
            layer
            for layer in network.layers
            if layer.module is not None and (layer.path == path or layer.path.startswith(inside))
        ),
        None,
    )
