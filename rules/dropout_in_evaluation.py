"""# dropout-in-evaluation

## What it does
Finds calls of `F.dropout` and its kin that drop although the network is in evaluation mode.

## Why is this bad?
`F.dropout(x, 0.5)` has `training=True` as its default and knows nothing of `eval()`
([torch.nn.functional.dropout](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html)):
every prediction is another one.

## Example
```python
# convlint: target Net 4,32
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        return self.fc(F.dropout(x, 0.5))  # warning: CL559
```

## Use instead
```python
# convlint: target Net 4,32
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        return self.fc(F.dropout(x, 0.5, training=self.training))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from convlint import Finding, Layer, Network, rule
from convlint.advice.statement import written

_DROPOUTS = (
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
)  # fmt: skip


@rule("CL559", *_DROPOUTS, severity="warning", silent=True)
def dropout_in_evaluation(layer: Layer, network: Network) -> Iterator[Finding]:
    if network.training or layer.module is not None or not layer.args["p"]:
        return
    if layer.args["training"] is not True or layer.args.get("train") is False:
        return
    if not _is_by_default(layer):
        return
    yield Finding(
        f"`{layer.written}` drops in evaluation as well: its `training` is True by default",
        at=layer.call,
        label="does not know of eval()",
        help=("write training=self.training",),
    )


def _is_by_default(layer: Layer) -> bool:
    """Whether the call does not say when to drop: one that says so means it."""
    found = written(layer.call)
    if found is None or not isinstance(found.expression, ast.Call):
        return False
    call = found.expression
    given = {k.arg for k in call.keywords}
    starred = any(isinstance(a, ast.Starred) for a in call.args)
    return len(call.args) < 3 and not starred and not given & {None, "training", "train"}
