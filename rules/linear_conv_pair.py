"""# linear-conv-pair

## What it does
Finds two dense convolutions in a row with nothing, or only a batch norm, between them, where the
first does not squeeze the channels either.

## Why is this bad?
Two linear maps in a row are one linear map
([Deep Learning, chapter 6](https://www.deeplearningbook.org/contents/mlp.html)): a single
convolution with the kernels' joint extent could do the same.  Most often an activation was
forgotten.

A pair that factorizes (fewer channels between than before and behind, 1×k and k×1, depthwise) saves
weights and is left alone, and so is a network without any activation, which is but a sketch.

## Example
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)  # info: CL556

    def forward(self, x):
        return self.conv2(self.conv1(x)).relu()
```

## Use instead
```python
# convlint: target Net 1,3,32,32
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)

    def forward(self, x):
        return self.conv2(self.conv1(x).relu()).relu()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, TensorSpec, known, rule

_BENDING = frozenset(
    {"relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "celu", "gelu", "silu", "mish",
     "hardswish", "hardsigmoid", "hardtanh", "sigmoid", "tanh", "softplus", "softmax", "glu"}
)  # fmt: skip


@rule("CL556", "conv1d", "conv2d", "conv3d", severity="info", silent=True)
def linear_conv_pair(layer: Layer, network: Network) -> Iterator[Finding]:
    first = _before(layer)
    if first is None or layer.args["groups"] != 1 or first.args["groups"] != 1:
        return
    if any(_is_frozen(one) for one in (first, layer)):
        return  # it is no part of what is learnt: a change of colours, a fixed filter
    if first.op != layer.op or len(network.consumers.get(first.name, ())) != 1:
        return
    one, two = first.args["weight"].shape, layer.args["weight"].shape
    if one is None or two is None or len(one) != len(two) or not known(*one, *two):
        return
    if one[0] < min(one[1], two[0]):
        return
    kernels = tuple(zip(one[2:], two[2:], strict=True))
    if any(a > b for a, b in kernels) and any(a < b for a, b in kernels):
        return  # 1×k and k×1
    if not any(other.op in _BENDING for other in network.layers):
        return  # a sketch, in which all activations are left out
    place = first.definition or first.call
    yield Finding(
        f"`{layer.title}` and the convolution before it are one linear map: there is no activation"
        " between them",
        layer=layer,
        label="linear behind linear",
        related=(Label("the first of the two", place),) if place is not None else (),
        help=("put an activation between them, or use one convolution",),
    )


def _is_frozen(layer: Layer) -> bool:
    weight = getattr(layer.module, "weight", None)
    return weight is not None and not weight.requires_grad


def _before(layer: Layer) -> Layer | None:
    """The convolution whose output comes in, at most through a batch norm."""
    given = layer.args["input"]
    source = given.source
    if source is not None and source.op == "batch_norm":
        before = source.args["input"]
        source = before.source if isinstance(before, TensorSpec) else None
    return source if source is not None and source.op.startswith("conv") else None
