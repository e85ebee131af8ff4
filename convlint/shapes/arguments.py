"""What shape functions of several families do with their arguments."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch

from convlint.arithmetic.window import per_axis
from convlint.dims import Dim, Unknown, guess
from convlint.shapes.registry import Rejected
from convlint.tensor import TensorSpec


def numbers(value: Any, axes: int, name: str) -> tuple[Dim, ...]:
    """One whole number for every axis.

    Raises:
        Rejected: another count of numbers, or something that is no whole number.
    """
    for given in value if isinstance(value, (tuple, list)) else (value,):
        whole(given, name)
    found = per_axis(value, axes)
    if found is None:
        raise Rejected(f"{name} must be one number or {axes}, but it is {value}")
    return found


def whole(value: Any, name: str) -> Dim:
    """A whole number; one that lies in a tensor is not known.

    Raises:
        Rejected: it is no whole number.
    """
    if isinstance(value, TensorSpec):
        if isinstance(value.numel, int) and value.numel != 1:
            raise Rejected(f"{name} must be of whole numbers, but it is a tensor {value}")
        return Unknown()
    if value is None or isinstance(value, (float, str)):
        raise Rejected(f"{name} must be of whole numbers, but it is {value!r}")
    return value  # type: ignore[no-any-return]


def positive(values: Iterable[Dim], name: str) -> None:
    """Refuse numbers below 1.

    Raises:
        Rejected: one of them is.
    """
    for value in values:
        if value < 1:
            raise Rejected(f"{name} must be greater than zero, but it is {value}")


def convertible(value: Any, dtype: torch.dtype | None) -> None:
    """Refuse a Python number that a tensor of this dtype cannot hold (`-1e9` as float16).

    Raises:
        Rejected: it cannot; an infinity is a floating point number.
    """
    if not isinstance(value, (int, float)) or dtype in (None, torch.bool) or dtype.is_complex:
        return
    if dtype.is_floating_point:
        holds = not math.isfinite(value) or abs(value) <= torch.finfo(dtype).max
    else:
        most = torch.iinfo(dtype).max
        holds = math.isfinite(value) and (-most - 1 if dtype.is_signed else -most) <= value <= most
    if not holds:
        raise Rejected(f"value cannot be converted to {dtype} without overflow: {value}")


def survived(size: Dim) -> Dim:
    """An output size; where the map collapsed, the 1 that is left once that is mended."""
    return Unknown(1) if guess(size) < 1 else size


def not_negative(size: Dim) -> Dim:
    """An output size that may be zero; where it cannot be, what is left once that is mended."""
    return Unknown(1) if guess(size) < 0 else size
