"""Arguments that name axes and sizes, checked as torch checks them; copies in a memory format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from convlint.arithmetic.strides import channels_last, named, preserved
from convlint.dims import Dim, Shape, Unknown, guess, known
from convlint.shapes.registry import Rejected
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec


def axis(dim: Any, rank: int) -> int:
    """Axis `dim` counted from the front.

    Raises:
        Rejected: there is no such axis.
    """
    number = whole(dim)
    limit = max(1, rank)
    if not -limit <= number < limit:
        raise Rejected(
            f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}],"
            f" but got {number})"
        )
    return number % limit


def axes(dims: Iterable[Any], rank: int) -> tuple[int, ...] | None:
    """Several axes, none of them twice; None where the number of one stands in a tensor.

    Raises:
        Rejected: there is no such axis, one is named twice, or one is no integer.
    """
    dims = tuple(dims)
    integral(dims)
    found = tuple(axis(d, rank) for d in dims if not isinstance(d, TensorSpec))
    for place, dim in enumerate(found):
        if dim in found[:place]:
            raise Rejected(f"dim {dim} appears multiple times in the list of dims")
    return found if len(found) == len(dims) else None


def integral(dims: Iterable[Any]) -> None:
    """Refuse tensors among axes that are no integers.

    Raises:
        Rejected: one has more elements, or other numbers.
    """
    for dim in dims:
        text = "dims must be a tuple of ints, but one is a tensor"
        scalar(dim, text, any_rank=True, any_kind=True)


def whole(value: Any) -> int:
    """An integer argument that is no size.

    Raises:
        Rejected: a number that is no integer.
    """
    if isinstance(value, (int, Unknown)):
        return guess(value)
    if isinstance(value, TensorSpec):
        return 0
    index = getattr(value, "__index__", None)
    if index is None:
        raise Rejected(f"an integer is needed, not {type(value).__name__}")
    return int(index())


def scalar(value: Any, text: str, *, any_rank: bool = False, any_kind: bool = False) -> None:
    """Refuse a tensor that stands for one integer and is none.

    Args:
        any_rank: whether axes of size 1 do no harm.
        any_kind: whether a boolean is taken for an integer.

    Raises:
        Rejected: it has more elements, or axes, or other numbers than integers.
    """
    if not isinstance(value, TensorSpec):
        return
    dtype, shape = value.dtype, value.shape or ()
    integral = dtype is None or not (
        dtype.is_floating_point or dtype.is_complex or (dtype is torch.bool and not any_kind)
    )
    if not integral or any(known(n) and (n != 1 or not any_rank) for n in shape):
        raise Rejected(text)


def size(value: Any) -> Dim:
    """A size that the user's code handed over; the number in a tensor is not known.

    Raises:
        Rejected: a number that is no integer.
    """
    if isinstance(value, (int, Unknown)):
        return value
    if isinstance(value, TensorSpec):
        return Unknown()
    return whole(value)


def sizes(values: Any) -> Shape:
    """Several sizes, from a tuple, a list or a single number.

    Raises:
        Rejected: one of them is no integer.
    """
    if isinstance(values, (tuple, list)):
        for value in values:
            scalar(value, "sizes must be a tuple of ints, but one is a tensor", any_rank=True)
        return tuple(size(v) for v in values)
    return (size(values),)


def formatted(tensor: TensorSpec, memory_format: Any) -> Strides:
    """The strides of a copy in `memory_format` (a torch.memory_format, or None: preserve).

    Raises:
        Rejected: the format does not go with the rank.
    """
    name = str(memory_format).removeprefix("torch.")
    if memory_format is None or name == "preserve_format":
        return preserved(tensor)
    if name == "contiguous_format":
        return CONTIGUOUS if tensor.shape is not None else None
    if tensor.shape is None:
        return None
    rank = 5 if name.endswith("3d") else 4
    if len(tensor.shape) != rank:
        raise Rejected(f"required rank {rank} tensor to use {name} format")
    return named(tensor.shape, channels_last(tensor.shape))
