"""# bias-before-norm

## What it does
Finds convolutions and linear layers with a bias whose only reader is a batch norm or instance norm.

## Why is this bad?
The norm takes the mean away, and the bias with it: its gradient is zero, and it costs memory and
time.  The batch norm has a bias of its own
([Ioffe & Szegedy, section 3.2](https://arxiv.org/abs/1502.03167)).

Off by default: it costs little.

## Example
```python
# convlint: target Net 4,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1)  # info: CL555
        self.norm = nn.BatchNorm2d(16)

    def forward(self, x):
        return self.norm(self.conv(x)).relu()
```

## Use instead
```python
# convlint: target Net 4,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)

    def forward(self, x):
        return self.norm(self.conv(x)).relu()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, TensorSpec, rule

_CONVS = tuple(f"conv{kind}{axes}d" for kind in ("", "_transpose") for axes in (1, 2, 3))
_NORMS = ("batch_norm", "instance_norm")


@rule("CL555", *_CONVS, "linear", severity="info", default=False, silent=True)
def bias_before_norm(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.args.get("bias") is None:
        return
    readers = network.consumers.get(layer.name, ())
    if len(readers) != 1 or readers[0].op not in _NORMS:
        return
    norm, output = readers[0], layer.output
    if not isinstance(output, TensorSpec) or any(t.source is layer for t in network.results):
        return
    # The norm takes axis 1 for the features.
    wanted = 2 if layer.op == "linear" else int(layer.op[-2]) + 2
    if output.rank != wanted or norm.args.get("use_input_stats") is False:
        return
    place = norm.definition or norm.call
    yield Finding(
        f"the bias of `{layer.title}` is taken away again by `{norm.title}`",
        layer=layer,
        label="has a bias that does nothing",
        related=(Label("the norm that follows", place),) if place is not None else (),
        help=("write bias=False",),
    )
