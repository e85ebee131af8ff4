"""Reductions: https://docs.pytorch.org/docs/stable/torch.html#reduction-ops

The rule missing-dimension reports dimensions that the input does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from convlint.arithmetic.broadcast import broadcast
from convlint.dims import Dim, Shape, Unknown, guess
from convlint.shapes.axes import integral, size
from convlint.shapes.broadcast import elementwise
from convlint.shapes.promotion import counting, floating, promoted, real
from convlint.shapes.registry import Rejected, lowers, operator
from convlint.tensor import CONTIGUOUS, TensorSpec

Dims = Any  # a dimension, several of them, or None for all


def axes_of(dim: Dims, rank: int) -> frozenset[int] | None:
    """The axes that `dim` names; None where that is not known.

    Where one does not exist: those counted from the end that are likely meant (`(2, 3)` of three
    axes: a batch is missing), else the ones that exist.
    """
    dims = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    if dim is None or not dims:
        return frozenset(range(rank))
    if not all(isinstance(axis, int) for axis in dims):
        return None
    if not rank:
        return frozenset()
    if any(not -rank <= axis < rank for axis in dims):
        over = max(dims) - rank + 1
        if min(dims) - over >= 0:
            dims = tuple(axis - over for axis in dims)
        dims = tuple(axis for axis in dims if -rank <= axis < rank) or (rank - 1,)
    return frozenset(axis % rank for axis in dims)


def reduced(input: TensorSpec, dim: Dims, keepdim: Any, dtype: torch.dtype | None) -> TensorSpec:
    """`input` with the axes `dim` gone, or of size one."""
    if not isinstance(keepdim, bool):
        raise Rejected(f"argument 'keepdim' must be bool, not {type(keepdim).__name__}")
    if input.shape is None:
        known = dim is None and not keepdim
        return TensorSpec(() if known else None, dtype) if known else TensorSpec(None, dtype, None)
    if isinstance(dim, list):
        dim = tuple(dim)
    if isinstance(dim, tuple):
        integral(dim)
    axes = axes_of(dim, len(input.shape))
    if axes is None:
        return TensorSpec(None, dtype, None)
    return TensorSpec(without(input.shape, axes, keepdim), dtype)


def without(shape: Shape, axes: Iterable[int], keepdim: Any = False) -> Shape:
    """`shape` with `axes` reduced."""
    if keepdim:
        return tuple(1 if i in axes else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in axes)


def single(dim: Dims) -> None:
    """Refuse several dimensions where torch takes one.

    Raises:
        Rejected: `dim` is a tuple or list.
    """
    if isinstance(dim, (tuple, list)):
        raise Rejected(f"argument 'dim' must be int, not {type(dim).__name__}")


def filled(input: TensorSpec, dim: Dims) -> None:
    """Refuse the extreme of nothing.

    Raises:
        Rejected: an axis that `dim` names has size 0.
    """
    if input.shape is not None:
        for axis in axes_of(dim, len(input.shape)) or ():
            if input.shape[axis] == 0:
                raise Rejected(f"expected reduction dim {axis} of {input} to have non-zero size")


def _register(names: str, function: Callable[..., Any]) -> None:
    for name in names.split():
        operator(name=name)(function)


# -- numbers out of numbers


def _summing(
    input: TensorSpec, dim: Dims = None, keepdim: Any = False, dtype: Any = None
) -> TensorSpec:
    return reduced(input, dim, keepdim, dtype or counting(input.dtype))


def _averaging(
    input: TensorSpec, dim: Dims = None, keepdim: Any = False, dtype: Any = None
) -> TensorSpec:
    return reduced(input, dim, keepdim, dtype or floating(input.dtype))


_register("sum nansum", _summing)
_register("mean nanmean", _averaging)


@operator
def prod(
    input: TensorSpec, dim: Dims = None, keepdim: Any = False, dtype: Any = None
) -> TensorSpec:
    single(dim)
    return reduced(input, dim, keepdim, dtype or counting(input.dtype))


@operator
def logsumexp(input: TensorSpec, dim: Dims, keepdim: Any = False) -> TensorSpec:
    return reduced(input, dim, keepdim, floating(input.dtype))


def _extreme(input: TensorSpec, dim: Dims = (), keepdim: Any = False) -> TensorSpec:
    filled(input, dim)
    return reduced(input, dim, keepdim, input.dtype)


_register("amax amin", _extreme)


def _deviation(
    input: TensorSpec,
    dim: Dims = None,
    unbiased: Any = True,
    keepdim: Any = False,
    correction: Any = None,
) -> TensorSpec:
    axes = None if isinstance(dim, bool) else dim  # std(x, False) is std(x, unbiased=False)
    return reduced(input, axes, keepdim, real(floating(input.dtype)))


_register("std var", _deviation)


def _deviation_and_mean(
    input: TensorSpec,
    dim: Dims = None,
    unbiased: Any = True,
    keepdim: Any = False,
    correction: Any = None,
) -> tuple[TensorSpec, TensorSpec]:
    spread = _deviation(input, dim, unbiased, keepdim)
    return spread, spread.with_dtype(floating(input.dtype))


_register("std_mean var_mean", _deviation_and_mean)


def _all_or_any(input: TensorSpec, dim: Dims = None, keepdim: Any = False) -> TensorSpec:
    dtype = torch.uint8 if input.dtype is torch.uint8 else torch.bool
    if dim == () or dim == []:  # of no dimension, where sum and the like take that for all
        plain = input.strides == CONTIGUOUS
        return TensorSpec(input.shape, dtype, CONTIGUOUS if plain else None)
    return reduced(input, dim, keepdim, dtype)


_register("all any", _all_or_any)


def _is_true(input: TensorSpec) -> TensorSpec:
    """What torch's own checks of values are made of (`torch._check_tensor_all`)."""
    if input.dtype not in (None, torch.bool):
        raise Rejected("the input must be of dtype bool")
    return TensorSpec((), torch.bool)


_register("_is_all_true _is_any_true", _is_true)


@operator
def count_nonzero(input: TensorSpec, dim: Dims = None) -> TensorSpec:
    return reduced(input, dim, False, torch.int64)


# -- positions


def _position(input: TensorSpec, dim: Dims = None, keepdim: Any = False) -> TensorSpec:
    single(dim)
    filled(input, dim)
    return reduced(input, dim, keepdim, torch.int64)


_register("argmax argmin", _position)


def _extreme_of(input: TensorSpec, dim: Any = None, keepdim: Any = False, other: Any = None) -> Any:
    """The largest of all, the largest along a dimension and where, or the larger of two."""
    second = dim if isinstance(dim, TensorSpec) else other
    if isinstance(second, TensorSpec):
        return elementwise(promoted(input, second), input, second)
    if dim is None:
        filled(input, None)
        return reduced(input, None, False, input.dtype)
    return _with_position(input, dim, keepdim)


_register("max min", _extreme_of)


def _middle(input: TensorSpec, dim: Dims = None, keepdim: Any = False) -> Any:
    if dim is None:
        return reduced(input, None, False, input.dtype)
    return _with_position(input, dim, keepdim)


_register("median nanmedian", _middle)


@operator
def mode(input: TensorSpec, dim: Dims = -1, keepdim: Any = False) -> tuple[TensorSpec, TensorSpec]:
    return _with_position(input, dim, keepdim)


@operator
def kthvalue(
    input: TensorSpec, k: Dim, dim: Dims = -1, keepdim: Any = False
) -> tuple[TensorSpec, TensorSpec]:
    return _with_position(input, dim, keepdim)


@operator
def aminmax(
    input: TensorSpec, dim: Dims = None, keepdim: Any = False
) -> tuple[TensorSpec, TensorSpec]:
    single(dim)
    filled(input, dim)
    one = reduced(input, dim, keepdim, input.dtype)
    return one, one


def _with_position(input: TensorSpec, dim: Dims, keepdim: Any) -> tuple[TensorSpec, TensorSpec]:
    single(dim)
    filled(input, dim)
    values = reduced(input, dim, keepdim, input.dtype)
    return values, values.with_dtype(torch.int64)


# -- norms and distances


@operator
def norm(
    input: TensorSpec, p: Any = "fro", dim: Dims = None, keepdim: Any = False, dtype: Any = None
) -> TensorSpec:
    return reduced(input, dim, keepdim, real(dtype or floating(input.dtype)))


@operator("linalg.vector_norm", only=True)
def vector_norm(
    x: TensorSpec, ord: Any = 2, dim: Dims = None, keepdim: Any = False, dtype: Any = None
) -> TensorSpec:
    return reduced(x, dim, keepdim, real(dtype or floating(x.dtype)))


@operator("linalg.matrix_norm", only=True)
def matrix_norm(
    A: TensorSpec, ord: Any = "fro", dim: Dims = (-2, -1), keepdim: Any = False, dtype: Any = None
) -> TensorSpec:
    return reduced(A, dim, keepdim, real(dtype or floating(A.dtype)))


@operator("linalg.norm", only=True, name="linalg_norm")
def _linalg_norm(
    A: TensorSpec, ord: Any = None, dim: Dims = None, keepdim: Any = False, dtype: Any = None
) -> TensorSpec:
    if ord is not None and dim is None and A.shape is not None and len(A.shape) not in (1, 2):
        raise Rejected(
            f"If dim is not specified but ord is, the input must be 1D or 2D. Got {len(A.shape)}D."
        )
    return reduced(A, dim, keepdim, real(dtype or floating(A.dtype)))


@operator
def dist(input: TensorSpec, other: TensorSpec, p: Any = 2) -> TensorSpec:
    return TensorSpec((), real(promoted(input, other)))


@operator
def cdist(x1: TensorSpec, x2: TensorSpec, p: Any = 2.0, compute_mode: Any = None) -> TensorSpec:
    if x1.shape is None or x2.shape is None or len(x1.shape) < 2 or len(x2.shape) < 2:
        return TensorSpec(None, x1.dtype, None)
    batch = broadcast(x1.shape[:-2], x2.shape[:-2])
    return TensorSpec((*batch, x1.shape[-2], x2.shape[-2]), x1.dtype)


@operator
def cosine_similarity(x1: TensorSpec, x2: TensorSpec, dim: Dims = 1, eps: Any = 1e-8) -> TensorSpec:
    return reduced(_together(x1, x2), dim, False, promoted(x1, x2))


@operator
def pairwise_distance(
    x1: TensorSpec, x2: TensorSpec, p: Any = 2.0, eps: Any = 1e-6, keepdim: Any = False
) -> TensorSpec:
    return reduced(_together(x1, x2), -1, keepdim, real(floating(promoted(x1, x2))))


@lowers(nn.CosineSimilarity, to="cosine_similarity")
def _cosine_similarity(
    module: nn.CosineSimilarity, x1: TensorSpec, x2: TensorSpec
) -> dict[str, Any]:
    return {"x1": x1, "x2": x2, "dim": module.dim, "eps": module.eps}


@lowers(nn.PairwiseDistance, to="pairwise_distance")
def _pairwise_distance(
    module: nn.PairwiseDistance, x1: TensorSpec, x2: TensorSpec
) -> dict[str, Any]:
    return {"x1": x1, "x2": x2, "p": module.norm, "eps": module.eps, "keepdim": module.keepdim}


def _together(first: TensorSpec, second: TensorSpec) -> TensorSpec:
    if first.shape is None or second.shape is None:
        return TensorSpec(None, None, None)
    return TensorSpec(broadcast(first.shape, second.shape))


# -- statistics


def _quantile(
    input: TensorSpec,
    q: Any,
    dim: Dims = None,
    keepdim: Any = False,
    interpolation: str = "linear",
) -> TensorSpec:
    single(dim)
    rest = reduced(input, dim, keepdim, input.dtype)
    if not isinstance(q, TensorSpec):
        return rest
    if q.shape is None or rest.shape is None:
        return rest.with_shape(None, None)
    return rest.with_shape((*q.shape, *rest.shape), None if q.shape else rest.strides)


_register("quantile nanquantile", _quantile)


@operator
def histc(input: TensorSpec, bins: Dim = 100, min: Any = 0, max: Any = 0) -> TensorSpec:
    return TensorSpec((bins,), input.dtype)


@operator
def bincount(input: TensorSpec, weights: Any = None, minlength: Any = 0) -> TensorSpec:
    dtype = torch.int64
    if isinstance(weights, TensorSpec):
        dtype = torch.float32 if weights.dtype is torch.float32 else torch.float64
    return TensorSpec((Unknown(max(1, guess(size(minlength)))),), dtype)


@operator
def cov(
    input: TensorSpec, correction: Any = 1, fweights: Any = None, aweights: Any = None
) -> TensorSpec:
    return _variables(input, None if aweights is not None else floating(input.dtype))


@operator
def corrcoef(input: TensorSpec) -> TensorSpec:
    return _variables(input, floating(input.dtype))


def _variables(input: TensorSpec, dtype: torch.dtype | None) -> TensorSpec:
    if input.shape is None:
        return TensorSpec(None, dtype, None)
    if len(input.shape) > 2:
        raise Rejected(
            f"expected input to have two or fewer dimensions but got an input with"
            f" {len(input.shape)} dimensions"
        )
    if len(input.shape) < 2 or input.shape[0] == 1:
        return TensorSpec((), dtype)
    if isinstance(input.shape[0], Unknown):
        return TensorSpec(None, dtype, None)
    return TensorSpec((input.shape[0], input.shape[0]), dtype, None)
