"""One tensor into several: split, chunk, unbind and their kin.  All of them are views.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.split.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convlint.arithmetic.strides import view
from convlint.dims import Dim, Unknown, guess, known
from convlint.shapes.axes import axis, size, whole
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import UNKNOWN_TENSOR, TensorSpec


def pieces(input: TensorSpec, place: int, lengths: Sequence[Dim]) -> tuple[TensorSpec, ...]:
    """Consecutive pieces of `input` along an axis, with these lengths."""
    assert input.shape is not None
    strides = input.element_strides()
    before, after = input.shape[:place], input.shape[place + 1 :]
    return tuple(view(input, (*before, n, *after), strides) for n in lengths)


def _unknown(input: TensorSpec) -> TensorSpec:
    """Pieces of which not even the number is known."""
    return UNKNOWN_TENSOR.with_dtype(input.dtype)


def _side(input: TensorSpec, dim: Any, name: str) -> tuple[int, Dim]:
    """The axis to cut along and its size."""
    assert input.shape is not None
    if not input.shape:
        raise Rejected(f"{name} expects at least a 1-dimensional tensor")
    place = axis(dim, len(input.shape))
    return place, input.shape[place]


def _by_length(input: TensorSpec, length: Any, dim: Any) -> Any:
    """Pieces of one length; the last may be shorter."""
    if input.shape is None:
        return _unknown(input)
    place, n = _side(input, dim, "split")
    step = size(length)
    if step < 0:
        raise Rejected(f"split expects split_size be non-negative, but got split_size={step}")
    if not known(n, step):
        if isinstance(n, Unknown) and isinstance(step, int) and step and n.guess > step:
            return _unknown(input)
        return _unknown(input) if n is not step else (input,)
    number, one = guess(n), guess(step)
    if one == 0:
        if number == 0:
            return pieces(input, place, (0,))
        raise Rejected(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {number}"
        )
    count = max(1, -(-number // one))
    return pieces(input, place, [one] * (count - 1) + [number - one * (count - 1)])


def _by_lengths(input: TensorSpec, lengths: Any, dim: Any) -> Any:
    """Pieces of given lengths: those asked for, also where they do not sum up."""
    asked = [size(n) for n in lengths]
    if input.shape is None:
        return tuple(_unknown(input) for _ in asked)
    if not input.shape:
        raise Rejected("split expects at least a 1-dimensional tensor")
    place = axis(dim, len(input.shape))
    for n in asked:
        if n < 0:
            raise Rejected(
                f"split_with_sizes expects split_sizes have only non-negative entries, but got {n}"
            )
    return pieces(input, place, asked)


@operator
def split(
    tensor: TensorSpec, split_size_or_sections: Any = None, dim: Any = 0, split_size: Any = None
) -> Any:
    how = split_size if split_size_or_sections is None else split_size_or_sections
    return _cut(tensor, how, dim)


@operator
def unsafe_split(input: TensorSpec, split_size: Any, dim: Any = 0) -> Any:
    return _cut(input, split_size, dim)


def _cut(input: TensorSpec, how: Any, dim: Any) -> Any:
    if isinstance(how, (tuple, list)):
        return _by_lengths(input, how, dim)
    return _by_length(input, how, dim)


@operator
def split_with_sizes(input: TensorSpec, split_sizes: Any, dim: Any = 0) -> Any:
    return _by_lengths(input, split_sizes, dim)


@operator
def unsafe_split_with_sizes(input: TensorSpec, split_sizes: Any, dim: Any = 0) -> Any:
    return _by_lengths(input, split_sizes, dim)


def _chunks(input: TensorSpec, chunks: Any, dim: Any) -> Any:
    count = whole(chunks)
    if input.shape is not None and not input.shape:
        raise Rejected("chunk expects at least a 1-dimensional tensor")
    if count <= 0:
        raise Rejected(f"chunk expects `chunks` to be greater than 0, got: {count}")
    if input.shape is None:
        return tuple(_unknown(input) for _ in range(count))
    place, n = _side(input, dim, "chunk")
    if isinstance(n, Unknown):
        return pieces(input, place, [n // count] * count)
    if n == 0:
        return pieces(input, place, [0] * count)
    return _by_length(input, -(-n // count), dim)


@operator
def chunk(input: TensorSpec, chunks: Any, dim: Any = 0) -> Any:
    return _chunks(input, chunks, dim)


@operator
def unsafe_chunk(input: TensorSpec, chunks: Any, dim: Any = 0) -> Any:
    return _chunks(input, chunks, dim)


@operator
def tensor_split(
    input: TensorSpec, indices_or_sections: Any = None, dim: Any = 0, indices: Any = None,
    sections: Any = None, tensor_indices_or_sections: Any = None,
) -> Any:  # fmt: skip
    given = (indices_or_sections, indices, sections, tensor_indices_or_sections)
    how = next((g for g in given if g is not None), None)
    return _divided(input, how, dim, "tensor_split")


def _divided(input: TensorSpec, how: Any, dim: Any, name: str) -> Any:
    """Into so many nearly equal pieces, or cut before the given indices."""
    if how is None or isinstance(how, TensorSpec) or input.shape is None:
        return _unknown(input)
    place, n = _side(input, dim, f"{name}")
    if not isinstance(how, (tuple, list)):
        count = whole(how)
        if count <= 0:
            raise Rejected(f"number of sections must be larger than 0, got {count}")
        if isinstance(n, Unknown):
            return pieces(input, place, [n // count] * count)
        each, more = divmod(n, count)
        return pieces(input, place, [each + 1] * more + [each] * (count - more))
    if isinstance(n, Unknown) or not known(*(size(i) for i in how)):
        return pieces(input, place, [Unknown() for _ in range(len(how) + 1)])
    lengths, start = [], 0
    for index in (*(whole(i) for i in how), n):
        stop = min(max(index + n if index < 0 else index, 0), n)
        lengths.append(max(0, stop - start))
        start = stop
    return pieces(input, place, lengths)


def _along(input: TensorSpec, how: Any, dim: int, least: int, name: str) -> Any:
    if input.shape is not None:
        if len(input.shape) < least:
            raise Rejected(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a"
                f" tensor with {len(input.shape)} dimensions!"
            )
        n = input.shape[dim]
        if isinstance(how, int) and isinstance(n, int) and (how <= 0 or n % how != 0):
            raise Rejected(
                f"torch.{name} attempted to split along dimension {dim}, but the size of the"
                f" dimension {n} is not divisible by the split_size {how}!"
            )
    return _divided(input, how, dim, name)


@operator
def hsplit(input: TensorSpec, sections: Any = None, indices: Any = None) -> Any:
    flat = input.shape is not None and len(input.shape) == 1
    how = sections if sections is not None else indices
    return _along(input, how, 0 if flat else 1, 1, "hsplit")


@operator
def vsplit(input: TensorSpec, sections: Any = None, indices: Any = None) -> Any:
    return _along(input, sections if sections is not None else indices, 0, 2, "vsplit")


@operator
def dsplit(input: TensorSpec, sections: Any = None, indices: Any = None) -> Any:
    return _along(input, sections if sections is not None else indices, 2, 3, "dsplit")


@operator
def unbind(input: TensorSpec, dim: Any = 0) -> Any:
    if input.shape is None:
        return _unknown(input)
    if not input.shape:
        raise Rejected("Dimension specified as 0 but tensor has no dimensions")
    place = axis(dim, len(input.shape))
    n = input.shape[place]
    if isinstance(n, Unknown):
        return _unknown(input)
    strides = input.element_strides()
    shape = (*input.shape[:place], *input.shape[place + 1 :])
    steps = None if strides is None else (*strides[:place], *strides[place + 1 :])
    return tuple([view(input, shape, steps)] * n)
