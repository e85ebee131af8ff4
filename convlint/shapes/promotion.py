"""Type promotion: https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype

A tensor with axes wins over one without, and that over a Python number, within a category
(bool < integer < floating point < complex); None where it cannot be told.
"""

from __future__ import annotations

import functools
import itertools
import numbers
from typing import Any

import torch

from convlint.dims import Unknown
from convlint.tensor import TensorSpec

_COMPLEX = {
    torch.float16: torch.complex32,
    torch.bfloat16: torch.complex64,
    torch.float32: torch.complex64,
    torch.float64: torch.complex128,
}
_REAL = {
    torch.complex32: torch.float16,
    torch.complex64: torch.float32,
    torch.complex128: torch.float64,
}


def promoted(*operands: Any) -> torch.dtype | None:
    """The dtype that torch computes in, of tensors and numbers; None operands do not count."""
    axes = scalar = number = None
    for operand in operands:
        if operand is None:
            continue
        if isinstance(operand, TensorSpec):
            if operand.dtype is None:
                return None
            if operand.shape is None:
                return _ambiguous(operands)
            if operand.shape:
                axes = operand.dtype if axes is None else promote(axes, operand.dtype)
            else:
                scalar = operand.dtype if scalar is None else promote(scalar, operand.dtype)
        else:
            if isinstance(operand, Unknown):
                return _ambiguous(operands)
            kind = dtype_of(operand)
            number = kind if number is None or kind is None else promote(number, kind)
    return _combined(axes, _combined(scalar, number))


def floating(dtype: torch.dtype | None) -> torch.dtype | None:
    """What functions over the reals give: integers and bools become the default float."""
    if dtype is None or dtype.is_floating_point or dtype.is_complex:
        return dtype
    return torch.get_default_dtype()


def counting(dtype: torch.dtype | None) -> torch.dtype | None:
    """What sums and products give: integers and bools become int64."""
    if dtype is None or dtype.is_floating_point or dtype.is_complex:
        return dtype
    return torch.int64


def real(dtype: torch.dtype | None) -> torch.dtype | None:
    """The dtype of the real part."""
    return dtype if dtype is None else _REAL.get(dtype, dtype)


def complexed(dtype: torch.dtype | None) -> torch.dtype | None:
    """The complex dtype over `dtype`; integers count as the default float."""
    wide = floating(dtype)
    return wide if wide is None else _COMPLEX.get(wide, wide)


def dtype_of(number: Any) -> torch.dtype | None:
    """The dtype that a Python number stands for."""
    if isinstance(number, bool):
        return torch.bool
    if isinstance(number, int):
        return torch.int64
    if isinstance(number, float):
        return torch.get_default_dtype()
    if isinstance(number, complex):
        return complexed(torch.get_default_dtype())
    if isinstance(number, numbers.Integral):  # NumPy's
        return torch.int64
    return torch.get_default_dtype() if isinstance(number, numbers.Real) else None


@functools.cache
def promote(first: torch.dtype, second: torch.dtype) -> torch.dtype | None:
    """The smallest dtype that both convert to."""
    try:
        return torch.promote_types(first, second)
    except RuntimeError:  # the 8-bit floats promote to nothing
        return None


def _combined(higher: torch.dtype | None, lower: torch.dtype | None) -> torch.dtype | None:
    if higher is None or lower is None:
        return higher if lower is None else lower
    if higher.is_complex:
        return higher
    if higher.is_floating_point:
        return _COMPLEX.get(higher, lower) if lower.is_complex else higher
    if higher is torch.bool or lower.is_floating_point or lower.is_complex:
        return promote(higher, lower)
    return higher


def _ambiguous(operands: tuple[Any, ...]) -> torch.dtype | None:
    """The dtype, if it is the same whatever the unknown ranks and numbers are."""

    def meanings(operand: Any) -> tuple[Any, ...]:
        if isinstance(operand, Unknown):
            return 1, 1.0
        if isinstance(operand, TensorSpec) and operand.shape is None:
            return TensorSpec((), operand.dtype), TensorSpec((1,), operand.dtype)
        return (operand,)

    found = {promoted(*choice) for choice in itertools.product(*map(meanings, operands))}
    return found.pop() if len(found) == 1 else None
