"""Normalization: the shape stays.

What must hold (the number of features, the rank, enough values) is said by rules; the
parameters `features` and `ranks` tell them what the module expects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from convlint.arithmetic.strides import reshaped
from convlint.dims import Dim, product
from convlint.shapes.activation import axis
from convlint.shapes.broadcast import elementwise
from convlint.shapes.promotion import floating
from convlint.shapes.registry import Rejected, lowers, operator, parameter
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec


def _layout(input: TensorSpec) -> Strides:
    """Strides of a result that is channels-last where the input is, and contiguous elsewhere."""
    if input.strides is None or isinstance(input.strides, str) or input.shape is None:
        return input.strides
    if len(input.shape) not in (4, 5):
        return CONTIGUOUS
    if any(not isinstance(n, int) or n < 2 for n in input.shape):
        return None
    step: Dim = 1
    for at in (1, *range(len(input.shape) - 1, 1, -1), 0):
        if input.strides[at] != step:
            return CONTIGUOUS
        step = step * input.shape[at]
    return input.strides


def _kept(input: TensorSpec, strides: Strides = CONTIGUOUS) -> TensorSpec:
    return TensorSpec(input.shape, floating(input.dtype), strides)


# -- operators


@operator("nn.functional.batch_norm", only=True)
def batch_norm(
    input: TensorSpec,
    running_mean: TensorSpec | None,
    running_var: TensorSpec | None,
    weight: TensorSpec | None = None,
    bias: TensorSpec | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    features: Dim | None = None,
    ranks: tuple[int, ...] = (),
) -> TensorSpec:
    if training and eps <= 0:
        raise Rejected(f"batch_norm eps must be positive during training, but got {eps}")
    if eps < 0:
        raise Rejected(f"batch_norm eps must be non-negative, but got {eps}")
    if not training and (running_mean is None or running_var is None):
        missing = "running_mean" if running_mean is None else "running_var"
        raise Rejected(f"{missing} must be defined in evaluation mode")
    return _kept(input, _layout(input))


@operator("batch_norm", "_VF.batch_norm", only=True, name="native_batch_norm")
def native_batch_norm(
    input: TensorSpec,
    weight: TensorSpec | None,
    bias: TensorSpec | None,
    running_mean: TensorSpec | None,
    running_var: TensorSpec | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> TensorSpec:
    return _kept(input, _layout(input))


@operator("nn.functional.instance_norm", only=True)
def instance_norm(
    input: TensorSpec,
    running_mean: TensorSpec | None = None,
    running_var: TensorSpec | None = None,
    weight: TensorSpec | None = None,
    bias: TensorSpec | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
    features: Dim | None = None,
    ranks: tuple[int, ...] = (),
) -> TensorSpec:
    if not use_input_stats and (running_mean is None or running_var is None):
        raise Rejected(
            "Expected running_mean and running_var to be defined when use_input_stats is false"
        )
    return _kept(input)


@operator
def layer_norm(
    input: TensorSpec,
    normalized_shape: Sequence[Dim],
    weight: TensorSpec | None = None,
    bias: TensorSpec | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> TensorSpec:
    _normalized(normalized_shape, "layer_norm")
    return _kept(input)


@operator
def rms_norm(
    input: TensorSpec,
    normalized_shape: Sequence[Dim],
    weight: TensorSpec | None = None,
    eps: float | None = None,
) -> TensorSpec:
    _normalized(normalized_shape, "rms_norm")
    return _kept(input, CONTIGUOUS if input.strides == CONTIGUOUS else None)


@operator
def _weight_norm(v: TensorSpec, g: TensorSpec, dim: int = 0) -> TensorSpec:
    return v.with_shape(v.shape, CONTIGUOUS if v.strides == CONTIGUOUS else None)


def _normalized(shape: Any, name: str) -> None:
    if not isinstance(shape, (tuple, list)):
        raise Rejected(
            f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints, "
            f"not {type(shape).__name__}"
        )
    if not shape:
        raise Rejected(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
            "one element, but got normalized_shape = []"
        )


@operator
def group_norm(
    input: TensorSpec,
    num_groups: int,
    weight: TensorSpec | None = None,
    bias: TensorSpec | None = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> TensorSpec:
    if isinstance(num_groups, int) and num_groups <= 0:
        raise Rejected("integer division or modulo by zero")
    return _kept(input, _layout(input))


@operator
def local_response_norm(
    input: TensorSpec, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> TensorSpec:
    if input.rank is not None and input.rank < 3:
        raise Rejected(f"Expected 3D or higher dimensionality input (got {input.rank} dimensions)")
    if size <= 0:
        raise Rejected(f"kernel size should be greater than zero, but got kH: {size} kW: 1")
    made = elementwise(floating(input.dtype), input)
    if made.shape is not None and len(made.shape) > 4:  # looked at as a volume of rows
        rows = (*made.shape[:3], product(made.shape[3:]))
        if reshaped(made, rows, copies=False)[1]:
            raise Rejected(f"it cannot view {input}, whose elements do not lie in one piece")
    return made


@operator("_cross_map_lrn2d", only=True)
def cross_map_lrn2d(input: TensorSpec) -> TensorSpec:
    if input.rank is not None and input.rank != 4:
        raise Rejected(f"CrossMapLRN2d: Expected input to be 4D, got {input.rank}D instead.")
    return TensorSpec(input.shape, input.dtype, None)


@operator
def normalize(
    input: TensorSpec, p: Any = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None
) -> TensorSpec:
    if isinstance(p, TensorSpec) and p.shape:
        raise Rejected("p must be a number, not a tensor")
    for at in dim if isinstance(dim, (tuple, list)) else (dim,):
        axis(at, input.shape)
    return _kept(input, CONTIGUOUS if input.strides == CONTIGUOUS else None)


# -- modules


def _statistics(module: Any, kept: bool) -> dict[str, Any]:
    shape = (module.num_features,)
    return {
        "running_mean": parameter(module, "running_mean", shape) if kept else None,
        "running_var": parameter(module, "running_var", shape) if kept else None,
        "weight": parameter(module, "weight", shape),
        "bias": parameter(module, "bias", shape),
    }


def _batch(kind: type[nn.Module], *ranks: int) -> None:
    @lowers(kind, to="batch_norm")
    def lower(module: Any, input: TensorSpec) -> dict[str, Any]:
        plain = module.running_mean is None and module.running_var is None
        return {
            "input": input,
            **_statistics(module, not module.training or module.track_running_stats),
            "training": module.training or plain,
            "momentum": module.momentum,
            "eps": module.eps,
            "ranks": ranks,
        }


_batch(nn.BatchNorm1d, 2, 3)
_batch(nn.BatchNorm2d, 4)
_batch(nn.BatchNorm3d, 5)
_batch(nn.LazyBatchNorm1d, 2, 3)
_batch(nn.LazyBatchNorm2d, 4)
_batch(nn.LazyBatchNorm3d, 5)
_batch(nn.SyncBatchNorm)


def _instance(kind: type[nn.Module], axes: int) -> None:
    @lowers(kind, to="instance_norm")
    def lower(module: Any, input: TensorSpec) -> dict[str, Any]:
        return {
            "input": input,
            **_statistics(module, True),
            "use_input_stats": module.training or not module.track_running_stats,
            "momentum": module.momentum,
            "eps": module.eps,
            "features": module.num_features if module.affine else None,
            "ranks": (axes + 1, axes + 2),
        }


_instance(nn.InstanceNorm1d, 1)
_instance(nn.InstanceNorm2d, 2)
_instance(nn.InstanceNorm3d, 3)
_instance(nn.LazyInstanceNorm1d, 1)
_instance(nn.LazyInstanceNorm2d, 2)
_instance(nn.LazyInstanceNorm3d, 3)


@lowers(nn.LayerNorm, to="layer_norm")
def _layer_norm(module: nn.LayerNorm, input: TensorSpec) -> dict[str, Any]:
    return {
        "input": input,
        "normalized_shape": module.normalized_shape,
        "weight": parameter(module, "weight", module.normalized_shape),
        "bias": parameter(module, "bias", module.normalized_shape),
        "eps": module.eps,
    }


@lowers(nn.RMSNorm, to="rms_norm")
def _rms_norm(module: nn.RMSNorm, x: TensorSpec) -> dict[str, Any]:
    return {
        "input": x,
        "normalized_shape": module.normalized_shape,
        "weight": parameter(module, "weight", module.normalized_shape),
        "eps": module.eps,
    }


@lowers(nn.GroupNorm, to="group_norm")
def _group_norm(module: nn.GroupNorm, input: TensorSpec) -> dict[str, Any]:
    return {
        "input": input,
        "num_groups": module.num_groups,
        "weight": parameter(module, "weight", (module.num_channels,)),
        "bias": parameter(module, "bias", (module.num_channels,)),
        "eps": module.eps,
    }


@lowers(nn.LocalResponseNorm, to="local_response_norm")
def _local_response_norm(module: nn.LocalResponseNorm, input: TensorSpec) -> dict[str, Any]:
    return {
        "input": input,
        "size": module.size,
        "alpha": module.alpha,
        "beta": module.beta,
        "k": module.k,
    }


@lowers(nn.CrossMapLRN2d, to="cross_map_lrn2d")
def _cross_map_lrn2d(module: nn.CrossMapLRN2d, input: TensorSpec) -> dict[str, Any]:
    return {"input": input}
