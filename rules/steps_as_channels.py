"""# steps-as-channels

## What it does
Finds 1-d convolutions and batch norms whose channels are the steps of the input, while the axis
that they slide along, or keep, holds the features that an embedding or a linear layer has made.

## Why is this bad?
`nn.Conv1d` and `nn.BatchNorm1d` read `(N, C, L)`
([torch.nn.Conv1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html)); what
embeddings and linear layers give is `(N, L, C)`.  Nothing raises where the layer was made for one
length, and the window then slides over neighbouring features, which are no neighbours, and other
lengths fail.  It is shown by running the shapes with one step more.

## Example
```python
# convlint: target Net 4,35:int64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(200, 64)
        self.conv = nn.Conv1d(35, 32, 3)  # warning: CL419

    def forward(self, tokens):
        return self.conv(self.embed(tokens)).amax(2)
```

## Use instead
```python
# convlint: target Net 4,35:int64
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(200, 64)
        self.conv = nn.Conv1d(64, 32, 3)

    def forward(self, tokens):
        return self.conv(self.embed(tokens).transpose(1, 2)).amax(2)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, Severity, rule
from convlint.advice.sizes import other_sizes

_FEATURES = frozenset({"embedding", "linear"})
_KEEPS_STEPS = frozenset({"dropout", "relu", "gelu", "tanh", "add", "mul", "matmul", "bmm"})


@rule("CL419", "conv1d", "batch_norm", severity=Severity.WARNING, silent=True)
def steps_as_channels(layer: Layer, network: Network) -> Iterator[Finding]:
    given = layer.args["input"]
    if given.rank != 3 or not given.known or layer.rejected is not None or not _fits(layer):
        return
    made = _features(given.source)
    if made is None or (made.outputs[0].shape or ())[-1:] != given.shape[-1:]:
        return
    for probe in network.analysis(other_sizes):
        there = probe.counterpart(layer)
        seen = there.args["input"].shape if there is not None else None
        if seen and len(seen) == 3 and seen[1] == given.shape[1] + 1 and seen[2] == given.shape[2]:
            yield _finding(layer, made)
            return


def _fits(layer: Layer) -> bool:
    """Whether torch runs it, and it is no token mixer, which reads every feature by itself."""
    weight, channels = layer.args["weight"], layer.args["input"].shape[1]
    if weight is None or weight.shape is None:
        return False
    if layer.op == "batch_norm":
        return bool(weight.shape[0] == channels)
    return bool(weight.shape[1] * layer.args["groups"] == channels) and weight.shape[-1] != 1


def _features(source: Layer | None) -> Layer | None:
    """The layer that made the features on the last axis, on the way back through what keeps it."""
    for _ in range(8):
        if source is None or source.op in _FEATURES:
            return source
        if source.op not in _KEEPS_STEPS or not source.tensors:
            return None
        source = source.tensors[-1].source
    return None


def _finding(layer: Layer, made: Layer) -> Finding:
    given = layer.args["input"]
    steps, features = given.shape[1:]
    place = made.definition or made.call
    does = "slides along the features" if layer.op == "conv1d" else "normalizes every step alone"
    return Finding(
        f"`{layer.title}` reads the {steps} steps of {given} as channels and {does}",
        layer=layer,
        label=f"{steps} is the number of steps",
        related=(Label(f"the features {features} are made here", place),) if place else (),
        help=(
            f"write {'in_channels' if layer.op == 'conv1d' else 'num_features'}={features}, and "
            "x.transpose(1, 2) before it",
        ),
        note=(f"with {steps + 1} steps it fails",),
    )
