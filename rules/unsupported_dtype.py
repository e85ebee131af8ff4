"""# unsupported-dtype

## What it does
Finds arithmetic on numbers that it is not made for: the mean of integers, `-mask` and `a - b` of
bools, `~` of floats, comparisons of complex numbers.

## Why is this bad?
torch raises `mean(): could not infer output dtype. Input dtype must be either a floating point or
complex dtype. Got: Long`
([torch.mean](https://docs.pytorch.org/docs/stable/generated/torch.mean.html)).

## Example
```python
# convlint: target Net 4,16:int64
import torch.nn as nn

class Net(nn.Module):
    def forward(self, tokens):
        return tokens.mean(dim=1)  # error: CL311
```

```python
# convlint: target Net 4,16:bool
import torch.nn as nn

class Net(nn.Module):
    def forward(self, mask):
        return 1 - mask  # error: CL311
```

## Use instead
```python
# convlint: target Net 4,16:int64
import torch.nn as nn

class Net(nn.Module):
    def forward(self, tokens):
        return tokens.float().mean(dim=1)
```

```python
# convlint: target Net 4,16:bool
import torch.nn as nn

class Net(nn.Module):
    def forward(self, mask):
        return ~mask
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convlint import Finding, Layer, Network, TensorSpec, rule

_KINDS = ("bool", "integer", "floating point", "complex")
_BOOL, _INT, _FLOAT, _COMPLEX = range(4)

_REFUSED = {
    (_BOOL,): (
        "neg", "abs", "positive", "pow", "trace", "cov", "corrcoef", "addcmul", "trapezoid",
        "trapz", "cumulative_trapezoid", "inner", "addmv", "addbmm", "chain_matmul", "multi_dot",
        "tensordot",
        "linalg_cross", "cross", "matrix_power",
    ),
    (_COMPLEX,): (
        "deg2rad", "rad2deg", "digamma", "erf", "erfc", "erfinv", "i0", "lgamma", "logit", "sign",
        "isneginf", "isposinf", "signbit", "entr", "i0e", "i1", "i1e", "ndtr", "amax", "amin",
        "max", "min", "mode", "sort", "argsort", "msort", "cummax", "cummin", "aminmax", "nansum",
        "atan2", "lt", "le", "gt", "ge", "maximum", "minimum", "fmax", "fmin", "copysign", "xlogy",
        "xlog1py", "zeta", "clamp_min", "clamp_max", "heaviside",
    ),
    (_BOOL, _COMPLEX): (
        "ceil", "floor", "round", "trunc", "argmax", "argmin", "median", "nanmedian", "topk",
        "kthvalue", "clamp", "isin", "floor_divide", "remainder", "rmod", "fmod", "searchsorted",
    ),
    (_BOOL, _INT): (
        "mean", "std", "var", "std_mean", "var_mean", "logcumsumexp", "norm", "vector_norm",
        "matrix_norm", "linalg_norm", "renorm", "logaddexp", "logaddexp2", "addcdiv", "lerp",
        "dist", "vecdot",
    ),
    (_BOOL, _INT, _COMPLEX): (
        "frac", "nanmean", "quantile", "nanquantile", "histc", "hypot", "nextafter", "igamma",
        "igammac", "cosine_similarity",
    ),
    (_FLOAT, _COMPLEX): ("bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor"),
    (_BOOL, _FLOAT, _COMPLEX): (
        "bitwise_left_shift", "bitwise_right_shift", "reflected_shift", "gcd", "lcm", "bincount",
    ),
}  # fmt: skip
_TABLE = {name: kinds for kinds, names in _REFUSED.items() for name in names}
_NONE = {"cdist": (_BOOL, _INT, _COMPLEX)} | dict.fromkeys(
    ("sub", "rsub", "pairwise_distance", "dist", "margin_ranking_loss"), (_BOOL,)
)  # none of the operands may be of these
_NUMBERS = frozenset({"cummax", "cummin", "mode", "kthvalue", "inner"})
_AVERAGES = frozenset({"mean", "nanmean"})


@rule("CL311", *_TABLE, *(name for name in _NONE if name not in _TABLE))
def unsupported_dtype(layer: Layer, network: Network) -> Iterator[Finding]:
    if layer.rejected is not None or not layer.exact:
        return
    operands = [
        v
        for name, v in layer.args.items()
        if isinstance(v, TensorSpec) or (name in ("input", "other", "exponent", "min", "max"))
    ]
    if layer.op in ("chain_matmul", "multi_dot"):
        operands = list(layer.tensors)
    if layer.op == "addcdiv":
        operands = [layer.args["tensor1"], layer.args["tensor2"]]
    if layer.op == "pow" and isinstance(layer.args["exponent"], bool):
        return
    asked = layer.args.get("dtype")
    if asked is not None and layer.op not in ("norm", "vector_norm", "matrix_norm", "linalg_norm"):
        operands = []  # converted first
    kinds = [_kind(v) for v in operands if v is not None]
    if layer.op in ("max", "min") and not isinstance(layer.args.get("dim"), TensorSpec):
        kinds = [_kind(layer.args["input"])]
    if not kinds or None in kinds:
        return
    known = [k for k in kinds if k is not None]
    if layer.op in _NUMBERS and any(t.shape == () for t in layer.tensors):
        return  # of a single number torch looks at less
    worst = next((k for k in known if k in _NONE.get(layer.op, ())), None)
    if worst is None and max(known) in _TABLE.get(layer.op, ()):
        worst = max(known)
    if worst is not None:
        yield Finding(
            f"`{layer.title}` does not take {_KINDS[worst]} {_noun(worst)}, but "
            f"{_names(operands)} arrives",
            at=layer.call,
            label="torch refuses this dtype",
            help=tuple(_helps(layer, worst)),
        )


def _kind(value: Any) -> int | None:
    """The category of a tensor's dtype or of a number; None where it is not known."""
    if isinstance(value, bool):
        return _BOOL
    if isinstance(value, int):
        return _INT
    if isinstance(value, float):
        return _FLOAT
    if isinstance(value, complex):
        return _COMPLEX
    dtype = getattr(value, "dtype", None)
    if dtype is None or not hasattr(dtype, "is_floating_point"):
        return None
    if dtype.is_complex:
        return _COMPLEX
    if dtype.is_floating_point:
        return _FLOAT
    return _BOOL if str(dtype) == "torch.bool" else _INT


def _noun(kind: int) -> str:
    return "tensors" if kind == _BOOL else "numbers" if kind != _INT else "tensors"


def _names(operands: list[Any]) -> str:
    names = [
        str(v.dtype).removeprefix("torch.") if isinstance(v, TensorSpec) else str(v)
        for v in operands
        if v is not None
    ]
    return " with ".join(names)


def _helps(layer: Layer, worst: int) -> Iterator[str]:
    if layer.op in ("sub", "rsub"):
        yield "write ~mask for 1 - mask, a ^ b for a - b, or convert them: .float()"
    elif layer.op == "neg":
        yield "write ~mask, or convert it: .float()"
    elif layer.op in ("bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor"):
        yield "convert the floats first, as in (x > 0), or write torch.logical_and and the like"
    elif layer.op in _AVERAGES:
        yield "write .float() first, or dtype=torch.float32"
    elif worst in (_BOOL, _INT):
        yield "write .float() first" if _INT in _TABLE.get(layer.op, ()) else "write .int() first"
    elif worst == _COMPLEX:
        yield "take .abs() or .real first"
