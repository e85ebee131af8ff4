"""# overlapping-write

## What it does
Finds in-place arithmetic on an expanded tensor, several of whose elements are one and the same
number in memory.

## Why is this bad?
torch raises `unsupported operation: more than one element of the written-to tensor refers to a
single memory location. Please clone() the tensor before performing the operation`
([Tensor.expand](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html)).

## Example
```python
# convlint: target Net 4,16
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 16))

    def forward(self, x):
        start = self.token.expand(4, 16)
        start += x  # error: CL315
        return start
```

## Use instead
```python
# convlint: target Net 4,16
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 16))

    def forward(self, x):
        start = self.token.expand(4, 16)
        return start + x
```
"""

from __future__ import annotations

from collections.abc import Iterator

from convlint import Finding, Label, Layer, Network, TensorSpec, known, rule

_DROPOUTS = ("dropout", "dropout1d", "dropout2d", "dropout3d")


@rule(
    "CL315", "add", "sub", "mul", "div", "floor_divide", "remainder", "fmod", "pow", "float_power",
    "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "logical_not",
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "clamp", "clamp_min", "clamp_max",
    "addcmul", "addcdiv", "lerp", "copysign", "atan2", "abs", "neg", "ceil", "floor", "round",
    "trunc", "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tan", "reciprocal", "square", "sign",
    "erf", "log1p", "expm1", "nan_to_num", "relu", "relu6", "leaky_relu", "elu", "celu", "selu",
    "silu", "mish", "hardswish", "hardsigmoid", "hardtanh", "rrelu", "sigmoid", "tanh", "copy_",
    "scatter", "cumsum", "bernoulli", "normal_", "uniform_", *_DROPOUTS,
)  # fmt: skip
def overlapping_write(layer: Layer, network: Network) -> Iterator[Finding]:
    name = layer.written.rsplit(".", 1)[-1]
    spelled = (name.endswith("_") and not name.endswith("__")) or name.startswith("__i")
    if not spelled and layer.args.get("inplace") is not True:
        return
    if layer.op in _DROPOUTS and not (layer.args["training"] and layer.args["p"]):
        return  # nothing is dropped
    own = layer.args.get("input")
    if name == "__invert__" or not isinstance(own, TensorSpec):
        return
    if not isinstance(own.strides, tuple):
        return
    shape, strides = own.shape or (), own.strides
    axes = [
        i
        for i, (n, step) in enumerate(zip(shape, strides, strict=True))
        if known(n, step) and n > 1 and step == 0
    ]
    if not axes:
        return
    source = own.source
    place = source and (source.definition or source.call)
    yield Finding(
        f"`{layer.title}` writes to {own}, but along axis {axes[0]} all its {shape[axes[0]]} "
        "elements are the same one in memory",
        at=layer.call,
        label="an expanded tensor is changed in place",
        related=(Label("expanded here", place),) if place else (),
        help=("write it out of place, as in x = x + y", "or copy the tensor first: .clone()"),
    )
