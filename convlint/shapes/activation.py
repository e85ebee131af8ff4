"""Activations: functions that keep the shape, and softmax, GLU, PReLU.

Reference: https://docs.pytorch.org/docs/stable/nn.functional.html#non-linear-activation-functions
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.dims import Dim, Shape
from convlint.shapes.broadcast import elementwise
from convlint.shapes.promotion import floating
from convlint.shapes.registry import Rejected, lowers, operator, parameter
from convlint.tensor import CONTIGUOUS, TensorSpec


def alike(input: TensorSpec) -> TensorSpec:
    """A fresh tensor like `input`."""
    return elementwise(input.dtype, input)


def float_alike(input: TensorSpec) -> TensorSpec:
    """A fresh tensor like `input`, with floats where it holds whole numbers."""
    return elementwise(floating(input.dtype), input)


def axis(dim: Dim, shape: Shape | None) -> int | None:
    """`dim` counted from the front; None where that cannot be told.

    Raises:
        Rejected: there is no such axis.
    """
    if shape is None or not isinstance(dim, int):
        return None
    rank = max(1, len(shape))
    if not -rank <= dim < rank:
        raise Rejected(
            f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], "
            f"but got {dim})"
        )
    return int(dim) % rank


# -- one argument, any numbers


@operator("special.expit")
def sigmoid(input: TensorSpec) -> TensorSpec:
    return float_alike(input)


@operator
def tanh(input: TensorSpec) -> TensorSpec:
    return float_alike(input)


@operator
def softsign(input: TensorSpec) -> TensorSpec:
    return float_alike(input)


@operator
def tanhshrink(input: TensorSpec) -> TensorSpec:
    return float_alike(input)


# -- real numbers, whole ones too


@operator
def relu(input: TensorSpec, inplace: bool = False) -> TensorSpec:
    return alike(input)


@operator
def relu6(input: TensorSpec, inplace: bool = False) -> TensorSpec:
    return alike(input)


@operator
def hardtanh(
    input: TensorSpec, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> TensorSpec:
    return alike(input)


@operator
def threshold(
    input: TensorSpec, threshold: float, value: float, inplace: bool = False
) -> TensorSpec:
    return alike(input)


# -- floats only


@operator
def elu(
    input: TensorSpec,
    alpha: float = 1.0,
    inplace: bool = False,
    scale: float = 1.0,
    input_scale: float = 1.0,
) -> TensorSpec:
    return float_alike(input)


@operator
def selu(input: TensorSpec, inplace: bool = False) -> TensorSpec:
    return float_alike(input)


@operator
def celu(input: TensorSpec, alpha: float = 1.0, inplace: bool = False) -> TensorSpec:
    return float_alike(input)


@operator
def gelu(input: TensorSpec, approximate: str = "none") -> TensorSpec:
    if approximate not in ("none", "tanh"):
        raise Rejected("approximate argument must be either none or tanh.")
    return float_alike(input)


@operator
def silu(input: TensorSpec, inplace: bool = False) -> TensorSpec:
    return float_alike(input)


@operator
def mish(input: TensorSpec, inplace: bool = False) -> TensorSpec:
    return float_alike(input)


@operator
def leaky_relu(
    input: TensorSpec, negative_slope: float = 0.01, inplace: bool = False
) -> TensorSpec:
    return float_alike(input)


@operator
def hardswish(input: TensorSpec, inplace: bool = False) -> TensorSpec:
    return float_alike(input)


@operator
def hardsigmoid(input: TensorSpec, inplace: bool = False) -> TensorSpec:
    return float_alike(input)


@operator
def softplus(input: TensorSpec, beta: float = 1.0, threshold: float = 20.0) -> TensorSpec:
    return float_alike(input)


@operator
def softshrink(input: TensorSpec, lambd: float = 0.5) -> TensorSpec:
    return float_alike(input)


@operator
def hardshrink(input: TensorSpec, lambd: float = 0.5) -> TensorSpec:
    return float_alike(input)


@operator
def logsigmoid(input: TensorSpec) -> TensorSpec:
    strides = CONTIGUOUS if input.strides == CONTIGUOUS else None
    return TensorSpec(input.shape, floating(input.dtype), strides)


@operator(random=True)
def rrelu(
    input: TensorSpec,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> TensorSpec:
    strides = CONTIGUOUS if input.strides == CONTIGUOUS else None
    return TensorSpec(input.shape, floating(input.dtype), strides)


@operator
def prelu(input: TensorSpec, weight: TensorSpec) -> TensorSpec:
    if weight.shape is None or input.shape is None:
        return float_alike(input)
    if len(weight.shape) > 1:
        raise Rejected(
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: "
            f"ndim = {len(weight.shape)}"
        )
    channels = input.shape[1] if len(input.shape) > 1 else 1
    slopes = weight.shape[0] if weight.shape else 1
    if slopes != channels and slopes != 1:
        if not input.shape:
            raise Rejected("Not allow zero-dim input tensor.")
        raise Rejected(
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
            f"{slopes} and channel size = {channels}."
        )
    return float_alike(input)


@operator
def glu(input: TensorSpec, dim: int = -1) -> TensorSpec:
    if input.shape is None:
        return float_alike(input)
    if not input.shape:
        raise Rejected("glu does not support 0-dimensional tensors")
    at = axis(dim, input.shape)
    if at is None:
        return TensorSpec(None, floating(input.dtype), None)
    size = input.shape[at]
    if size % 2 != 0:
        raise Rejected(f"Halving dimension must be even, but dimension {at} is size {size}")
    shape = (*input.shape[:at], size // 2, *input.shape[at + 1 :])
    strides = CONTIGUOUS if input.strides == CONTIGUOUS else None
    return TensorSpec(shape, floating(input.dtype), strides)


# -- along an axis


def _softmax(input: TensorSpec, dim: int | None, dtype: Any) -> TensorSpec:
    if dim is not None:
        axis(dim, input.shape)
    made = dtype if isinstance(dtype, torch.dtype) else floating(input.dtype)
    return TensorSpec(input.shape, made)


@operator("special.softmax")
def softmax(
    input: TensorSpec, dim: int | None = None, dtype: Any = None, _stacklevel: int = 3
) -> TensorSpec:
    return _softmax(input, dim, dtype)


@operator("special.log_softmax")
def log_softmax(
    input: TensorSpec, dim: int | None = None, dtype: Any = None, _stacklevel: int = 3
) -> TensorSpec:
    return _softmax(input, dim, dtype)


@operator
def softmin(
    input: TensorSpec, dim: int | None = None, dtype: Any = None, _stacklevel: int = 3
) -> TensorSpec:
    out = _softmax(input, dim, dtype)
    return out if input.strides == CONTIGUOUS else TensorSpec(out.shape, out.dtype, None)


@operator(random=True)
def gumbel_softmax(
    logits: TensorSpec, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> TensorSpec:
    axis(dim, logits.shape)
    strides = CONTIGUOUS if logits.strides == CONTIGUOUS else None
    return TensorSpec(logits.shape, floating(logits.dtype), strides)


@operator("_softmax2d", only=True)
def softmax2d(input: TensorSpec) -> TensorSpec:
    if input.rank is not None and input.rank not in (3, 4):
        raise Rejected(f"Softmax2d: expected input to be 3D or 4D, got {input.rank}D instead")
    return _softmax(input, -3, None)


# -- modules


def _plain(kind: type[nn.Module], to: str, *names: str) -> None:
    """The module hands its attributes `names` on under the same names."""

    @lowers(kind, to=to)
    def lower(module: nn.Module, input: TensorSpec) -> dict[str, Any]:
        return {"input": input, **{name: getattr(module, name) for name in names}}


_plain(nn.Sigmoid, "sigmoid")
_plain(nn.Tanh, "tanh")
_plain(nn.Softsign, "softsign")
_plain(nn.Tanhshrink, "tanhshrink")
_plain(nn.ReLU, "relu", "inplace")
_plain(nn.ReLU6, "relu6", "inplace")
_plain(nn.Hardtanh, "hardtanh", "min_val", "max_val", "inplace")
_plain(nn.Threshold, "threshold", "threshold", "value", "inplace")
_plain(nn.ELU, "elu", "alpha", "inplace")
_plain(nn.SELU, "selu", "inplace")
_plain(nn.CELU, "celu", "alpha", "inplace")
_plain(nn.GELU, "gelu", "approximate")
_plain(nn.SiLU, "silu", "inplace")
_plain(nn.Mish, "mish", "inplace")
_plain(nn.LeakyReLU, "leaky_relu", "negative_slope", "inplace")
_plain(nn.Hardswish, "hardswish", "inplace")
_plain(nn.Hardsigmoid, "hardsigmoid", "inplace")
_plain(nn.Softplus, "softplus", "beta", "threshold")
_plain(nn.Softshrink, "softshrink", "lambd")
_plain(nn.Hardshrink, "hardshrink", "lambd")
_plain(nn.LogSigmoid, "logsigmoid")
_plain(nn.RReLU, "rrelu", "lower", "upper", "training", "inplace")
_plain(nn.GLU, "glu", "dim")
_plain(nn.Softmax2d, "softmax2d")


@lowers(nn.PReLU, to="prelu")
def _prelu(module: nn.PReLU, input: TensorSpec) -> dict[str, Any]:
    return {"input": input, "weight": parameter(module, "weight", (module.num_parameters,))}


def _along(kind: type[nn.Module], to: str) -> None:
    @lowers(kind, to=to)
    def lower(module: nn.Module, input: TensorSpec) -> dict[str, Any]:
        return {"input": input, "dim": getattr(module, "dim", None)}


_along(nn.Softmax, "softmax")
_along(nn.LogSoftmax, "log_softmax")
_along(nn.Softmin, "softmin")
