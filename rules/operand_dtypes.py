"""# operand-dtypes

## What it does
Finds `torch.einsum`, `torch.tensordot`, `torch.lerp` and other operations whose operands must be
of one dtype and are not, and in-place forms whose result does not fit the dtype of their tensor.
(For `@` and the plain products see dtype-mismatch.)

## Why is this bad?
Unlike `+` and `*` these do not promote: torch raises `expected scalar type Double but found
Float`, and for `counts /= 2` on integers `result type Float can't be cast to the desired output
type Long` ([type promotion](https://docs.pytorch.org/docs/stable/tensor_attributes.html)).

## Example
```python
# convlint: target Net 2,3:float64
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 5))

    def forward(self, x):
        return torch.einsum("bi,io->bo", x, self.weight)  # error: CL312
```

## Use instead
```python
# convlint: target Net 2,3:float64
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 5))

    def forward(self, x):
        return torch.einsum("bi,io->bo", x.float(), self.weight)
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convlint import Finding, Label, Layer, Network, TensorSpec, rule
from convlint.arithmetic.einsum import EquationError, contracted, parse

_ONE_DTYPE = (
    "inner", "addmv", "addbmm", "chain_matmul", "multi_dot", "tensordot", "einsum", "vecdot",
    "cross", "linalg_cross", "linalg_solve", "cdist", "lerp", "heaviside", "isclose",
)  # fmt: skip
_IN_PLACE = (
    "add", "sub", "mul", "div", "floor_divide", "remainder", "fmod", "pow", "float_power", "atan2",
    "copysign", "xlogy", "clamp", "clamp_min", "clamp_max", "addcmul", "addcdiv", "ldexp", "hypot",
    "nextafter", "gcd", "lcm", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift",
    "bitwise_right_shift", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh",
    "deg2rad", "digamma", "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "i0", "lgamma", "log",
    "log10", "log1p", "log2", "rad2deg", "reciprocal", "rsqrt", "sin", "sinc", "sinh", "sqrt",
    "tan", "logit", "square", "cumsum", "cumprod",
)  # fmt: skip


@rule("CL312", *_ONE_DTYPE, *_IN_PLACE)
def operand_dtypes(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.rejected is not None or not layer.exact:
        return
    tensors = [t for t in layer.tensors if t.dtype is not None]
    if len(tensors) < len(layer.tensors) or not tensors:
        return
    if layer.op in _ONE_DTYPE:
        yield from _mixed(layer, tensors)
    else:
        yield from _in_place(layer, layer.args.get("input", tensors[0]))


def _mixed(layer: Layer, tensors: list[TensorSpec]) -> Iterator[Finding]:
    if layer.op == "lerp" and layer.tensors[-1].shape == () and len(tensors) == 3:
        tensors = tensors[:2]
    if layer.op == "einsum" and not _multiplied(layer):
        return
    first = tensors[0]
    other = next((t for t in tensors[1:] if t.dtype != first.dtype), None)
    if other is None or (layer.op == "inner" and () in (first.shape, other.shape)):
        return
    names = f"{_name(first.dtype)} and {_name(other.dtype)}"
    related = []
    for tensor in (first, other):
        source = tensor.source
        place = source and (source.definition or source.call)
        if place:
            related.append(Label(f"{_name(tensor.dtype)} comes from here", place))
    yield Finding(
        f"`{layer.title}` takes operands of one dtype, but {names} arrive",
        at=layer.call,
        label=names,
        related=tuple(related),
        help=(f"convert one of them: write .to({first.dtype}) on the other",),
    )


def _multiplied(layer: Layer) -> bool:
    """Whether an einsum is a product of matrices; else it promotes as `*` does."""
    shapes = tuple(t.shape for t in layer.tensors if t.shape is not None)
    try:
        return contracted(parse(layer.args["equation"]), shapes)
    except (EquationError, ValueError, AttributeError):
        return False


def _in_place(layer: Layer, own: Any) -> Iterator[Finding]:
    name = layer.written.rsplit(".", 1)[-1]
    if not (name.endswith("_") and not name.endswith("__")) and not name.startswith("__i"):
        return
    result = layer.outputs[0].dtype if layer.outputs else None
    if result is None or not isinstance(own, TensorSpec) or name == "__invert__":
        return
    if _category(result) <= _category(own.dtype):
        return
    yield Finding(
        f"`{layer.title}` gives {_name(result)}, which does not fit the {_name(own.dtype)} tensor "
        "that it changes in place",
        at=layer.call,
        label=f"{_name(result)} into {_name(own.dtype)}",
        help=("write it out of place, as in x = x / y, or convert the tensor first: .float()",),
    )


def _category(dtype: Any) -> int:
    if dtype.is_complex:
        return 3
    if dtype.is_floating_point:
        return 2
    return 0 if str(dtype) == "torch.bool" else 1


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")
