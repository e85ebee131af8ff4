"""Axes in another order: permute, transpose, movedim, `.T`.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.permute.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convlint.arithmetic.strides import view
from convlint.dims import Unknown
from convlint.shapes.axes import axes, axis
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import TensorSpec


def ordered(input: TensorSpec, order: Sequence[int]) -> TensorSpec:
    """The axes of `input` in the order `order`."""
    assert input.shape is not None
    strides = input.element_strides()
    return view(
        input,
        [input.shape[a] for a in order],
        None if strides is None else [strides[a] for a in order],
    )


def swapped(input: TensorSpec, one: Any, other: Any) -> TensorSpec:
    """Two axes of `input` exchanged."""
    if input.shape is None:
        return input.with_shape(None, None)
    rank = len(input.shape)
    a, b = axis(one, rank), axis(other, rank)
    if a == b:
        return input
    order = list(range(rank))
    order[a], order[b] = b, a
    return ordered(input, order)


@operator(variadic="dims")
def permute(input: TensorSpec, dims: Any) -> TensorSpec:
    dims = dims if isinstance(dims, (tuple, list)) else (dims,)
    if input.shape is None:
        return input.with_shape([Unknown() for _ in dims], None)
    if len(dims) != len(input.shape):
        raise Rejected(
            "permute(): number of dimensions in the tensor input does not match the"
            f" length of the desired ordering of dimensions i.e. input.dim() = {len(input.shape)}"
            f" is not equal to len(dims) = {len(dims)}"
        )
    try:
        order = axes(dims, len(input.shape))
    except Rejected as reason:
        if "multiple" in str(reason):
            raise Rejected("permute(): duplicate dims are not allowed") from None
        raise
    return unordered(input) if order is None else ordered(input, order)


def unordered(input: TensorSpec) -> TensorSpec:
    """Its axes in an order that is not known."""
    return input.with_shape([Unknown() for _ in input.shape or ()], None)


@operator
def transpose(input: TensorSpec, dim0: int, dim1: int) -> TensorSpec:
    return swapped(input, dim0, dim1)


@operator
def swapaxes(input: TensorSpec, axis0: int, axis1: int) -> TensorSpec:
    return swapped(input, axis0, axis1)


@operator
def swapdims(input: TensorSpec, dim0: int, dim1: int) -> TensorSpec:
    return swapped(input, dim0, dim1)


@operator
def t(input: TensorSpec) -> TensorSpec:
    if input.shape is not None and len(input.shape) > 2:
        raise Rejected(
            f"t() expects a tensor with <= 2 dimensions, but self is {len(input.shape)}D"
        )
    return _turned(input)


@operator("Tensor.T.__get__", name="T", only=True)
def reversed_axes(input: TensorSpec) -> TensorSpec:
    return _turned(input)


def _turned(input: TensorSpec) -> TensorSpec:
    if input.shape is None:
        return input.with_shape(None, None)
    return ordered(input, range(len(input.shape))[::-1])


@operator("Tensor.H.__get__", name="H", only=True)
def hermitian(input: TensorSpec) -> TensorSpec:
    if input.shape is not None and len(input.shape) not in (0, 2):
        raise Rejected(
            "tensor.H is only supported on matrices (2-D tensors)."
            f" Got {len(input.shape)}-D tensor."
        )
    return _turned(input)


@operator("Tensor.mT.__get__", name="mT", only=True)
def matrix_transposed(input: TensorSpec) -> TensorSpec:
    return _matrices(input, "mT")


@operator("Tensor.mH.__get__", name="mH", only=True)
def matrix_hermitian(input: TensorSpec) -> TensorSpec:
    return _matrices(input, "mH")


@operator
def adjoint(input: TensorSpec) -> TensorSpec:
    return _matrices(input, "adjoint()")


def _matrices(input: TensorSpec, written: str) -> TensorSpec:
    if input.shape is not None and len(input.shape) < 2:
        if not input.shape:
            return input
        raise Rejected(
            f"tensor.{written} is only supported on matrices or batches of matrices."
            f" Got {len(input.shape)}-D tensor."
        )
    return swapped(input, -2, -1)


def moved(input: TensorSpec, source: Any, destination: Any) -> TensorSpec:
    """Some axes put elsewhere, the others kept in their order."""
    if input.shape is None:
        return input.with_shape(None, None)
    rank = len(input.shape)
    sources = source if isinstance(source, (tuple, list)) else (source,)
    targets = destination if isinstance(destination, (tuple, list)) else (destination,)
    if len(sources) != len(targets):
        raise Rejected(
            f"movedim: Invalid source or destination dims: source ({list(sources)} dims) should"
            f" contain the same number of dims as destination ({list(targets)} dims)"
        )
    old, new = axes(sources, rank), axes(targets, rank)
    if old is None or new is None:
        return unordered(input)
    rest = iter(a for a in range(rank) if a not in old)
    order = [old[new.index(a)] if a in new else next(rest) for a in range(rank)]
    return ordered(input, order)


@operator
def movedim(input: TensorSpec, source: Any, destination: Any) -> TensorSpec:
    return moved(input, source, destination)


@operator
def moveaxis(input: TensorSpec, source: Any, destination: Any) -> TensorSpec:
    return moved(input, source, destination)
