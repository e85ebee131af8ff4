"""Sorting, selecting, running along an axis: the axis stays, its size may change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from convlint.dims import Dim, Shape, Unknown
from convlint.shapes.promotion import counting, floating, promoted
from convlint.shapes.reduction import axes_of, reduced, single
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec


def _register(names: str, function: Callable[..., Any]) -> None:
    for name in names.split():
        operator(name=name)(function)


def _resized(input: TensorSpec, dim: Any, size: Dim, dtype: torch.dtype | None) -> TensorSpec:
    """`input` with `size` along axis `dim`."""
    if input.shape is None:
        return TensorSpec(None, dtype, None)
    single(dim)
    axes = axes_of(dim, len(input.shape))
    if axes is None:
        return TensorSpec(None, dtype, None)
    shape: Shape = tuple(size if i in axes else old for i, old in enumerate(input.shape))
    return TensorSpec(shape, dtype, _fresh(input))


def _fresh(input: TensorSpec) -> Strides:
    return CONTIGUOUS if input.strides == CONTIGUOUS else None


# -- sorting


@operator
def sort(
    input: TensorSpec, dim: Any = -1, descending: Any = False, stable: Any = False
) -> tuple[TensorSpec, TensorSpec]:
    values = TensorSpec(input.shape, input.dtype, _fresh(input))
    return values, values.with_dtype(torch.int64)


@operator("msort")
def msort(input: TensorSpec) -> TensorSpec:
    return TensorSpec(input.shape, input.dtype, _fresh(input))


@operator
def argsort(
    input: TensorSpec, dim: Any = -1, descending: Any = False, stable: Any = False
) -> TensorSpec:
    return TensorSpec(input.shape, torch.int64, _fresh(input))


@operator
def topk(
    input: TensorSpec, k: Dim, dim: Any = -1, largest: Any = True, sorted: Any = True
) -> tuple[TensorSpec, TensorSpec]:
    fits = not isinstance(k, int) or k >= 0  # the rule for indices tells of it
    values = _resized(input, dim, k if fits else Unknown(), input.dtype)
    return values, values.with_dtype(torch.int64)


@operator
def searchsorted(
    sorted_sequence: TensorSpec,
    input: Any,
    out_int32: Any = False,
    right: Any = False,
    side: Any = None,
    sorter: Any = None,
) -> TensorSpec:
    dtype = torch.int32 if out_int32 else torch.int64
    _check_boundaries(sorted_sequence, input)
    if isinstance(input, TensorSpec):
        return TensorSpec(input.shape, dtype, _fresh(input))
    return TensorSpec((), dtype)


def _check_boundaries(boundaries: TensorSpec, input: Any) -> None:
    if not isinstance(boundaries, TensorSpec) or boundaries.shape is None:
        return
    if not isinstance(input, TensorSpec):
        if len(boundaries.shape) != 1:
            raise Rejected("input value can be a scalar only when boundaries tensor dimension is 1")
        return
    if input.shape is None or len(boundaries.shape) == 1:
        return
    lead, own = boundaries.shape[:-1], input.shape[:-1]
    if (
        len(boundaries.shape) != len(input.shape)
        or not boundaries.shape
        or any(a != b for a, b in zip(lead, own, strict=True))
    ):
        raise Rejected(
            "boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries"
            f" tensor and input value tensor must match, but we got boundaries tensor"
            f" {list(boundaries.shape)} and input value tensor {list(input.shape)}"
        )


@operator
def bucketize(
    input: Any, boundaries: TensorSpec, out_int32: Any = False, right: Any = False
) -> TensorSpec:
    if isinstance(boundaries, TensorSpec) and boundaries.rank not in (None, 1):
        raise Rejected(f"boundaries tensor must be 1 dimension, but got dim({boundaries.rank})")
    made: TensorSpec = searchsorted(boundaries, input, out_int32)
    return made


# -- running along an axis


def _running(input: TensorSpec, dim: Any, dtype: Any = None) -> TensorSpec:
    return _kept(input, dtype or counting(input.dtype))


_register("cumsum cumprod", _running)


@operator
def logcumsumexp(input: TensorSpec, dim: Any) -> TensorSpec:
    return _kept(input, input.dtype)


def _running_extreme(input: TensorSpec, dim: Any) -> tuple[TensorSpec, TensorSpec]:
    return _kept(input, input.dtype), _kept(input, torch.int64)


_register("cummax cummin", _running_extreme)


def _kept(input: TensorSpec, dtype: torch.dtype | None) -> TensorSpec:
    return TensorSpec(input.shape, dtype, None if input.shape is None else _fresh(input))


@operator
def renorm(input: TensorSpec, p: Any, dim: Any, maxnorm: Any) -> TensorSpec:
    if input.shape is not None and len(input.shape) < 2:
        raise Rejected(
            f"renorm: input needs at least 2 dimensions, got {len(input.shape)} dimensions"
        )
    return _kept(input, input.dtype)


@operator
def diff(
    input: TensorSpec, n: Any = 1, dim: Any = -1, prepend: Any = None, append: Any = None
) -> TensorSpec:
    if input.shape is None:
        return TensorSpec(None, input.dtype, None)
    axes = axes_of(dim, len(input.shape))
    if not axes:
        raise Rejected("diff expects input to be at least one-dimensional")
    (axis,) = axes
    size = input.shape[axis]
    for more in (prepend, append):
        if isinstance(more, TensorSpec):
            if more.shape is None or len(more.shape) != len(input.shape):
                return TensorSpec(None, input.dtype, None)
            size = size + more.shape[axis]
    left = size - n
    dtype = promoted(input, prepend, append)
    return _resized(input, dim, 0 if left < 0 else left, dtype)


def _area(y: TensorSpec, x: Any = None, dx: Any = 1, dim: Any = -1) -> TensorSpec:
    if isinstance(x, TensorSpec):
        return TensorSpec(None, floating(promoted(y, x)), None)
    if y.shape == ():
        raise Rejected(f"Dimension specified as {dim} but tensor has no dimensions")
    return reduced(y, dim, False, floating(y.dtype))


_register("trapezoid trapz", _area)


@operator
def cumulative_trapezoid(y: TensorSpec, x: Any = None, dx: Any = 1, dim: Any = -1) -> TensorSpec:
    if isinstance(x, TensorSpec) or y.shape is None:
        return TensorSpec(None, floating(y.dtype), None)
    if not y.shape:
        raise Rejected("slice() cannot be applied to a 0-dim tensor.")
    axes = axes_of(dim, len(y.shape))
    if not axes:
        return TensorSpec(None, floating(y.dtype), None)
    (axis,) = axes
    shape = tuple(size - 1 if i == axis else size for i, size in enumerate(y.shape))
    return TensorSpec(shape, floating(y.dtype), None)


@operator
def isin(
    elements: Any, test_elements: Any, assume_unique: Any = False, invert: Any = False
) -> TensorSpec:
    if not isinstance(elements, TensorSpec):
        return TensorSpec((), torch.bool)
    return TensorSpec(elements.shape, torch.bool, _fresh(elements))
