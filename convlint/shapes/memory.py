"""In which order a new tensor lies in memory: torch's layers keep channels-last where it arrives.

Whether `view` works on a result depends on this.  Measured with torch on a CPU.
"""

from __future__ import annotations

from convlint.dims import Dim, Shape, known
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec


def fresh(input: TensorSpec, shape: Shape | None) -> TensorSpec:
    """A new tensor of the input's dtype, contiguous whatever arrives."""
    return TensorSpec(shape, input.dtype, None if shape is None else CONTIGUOUS)


def kept(input: TensorSpec, shape: Shape | None, *others: TensorSpec) -> TensorSpec:
    """A new tensor of the input's dtype: channels-last where the input (or another) is."""
    if shape is None:
        return TensorSpec(None, input.dtype, None)
    found = [channels_last(spec) for spec in (input, *others)]
    if any(found):
        strides: Strides = last(shape)
    else:
        strides = None if None in found else CONTIGUOUS
    return TensorSpec(shape, input.dtype, strides)


def kept_sequence(input: TensorSpec, shape: Shape | None) -> TensorSpec:
    """As `kept`, for a sequence that torch makes an image of one row."""
    strides = input.element_strides()
    if shape is None or input.strides == CONTIGUOUS or strides is None or input.shape is None:
        return kept(input, shape)
    if len(shape) != 3 or len(strides) != 3:
        return fresh(input, shape)
    *lead, length = input.shape
    row = TensorSpec(
        (*lead, 1, length), input.dtype, (*strides[:-1], length * strides[-1], strides[-1])
    )
    is_last = channels_last(row)
    return TensorSpec(
        shape, input.dtype, None if is_last is None else last(shape) if is_last else CONTIGUOUS
    )


def fresh_sequence(input: TensorSpec, shape: Shape | None) -> TensorSpec:
    """A new tensor of the input's dtype, where torch makes a sequence contiguous first.

    One channel, or a length of one, may be contiguous and pass for channels-last as well, by a
    stride that never takes a step; which of them it is then taken for is not told.
    """
    sizes = input.shape or ()
    ambiguous = input.strides != CONTIGUOUS and any(n == 1 for n in sizes[-2:])
    return TensorSpec(shape, input.dtype, None if ambiguous or shape is None else CONTIGUOUS)


def unless_contiguous(input: TensorSpec, shape: Shape | None) -> TensorSpec:
    """A new tensor of the input's dtype whose strides are told for a contiguous input only."""
    strides = CONTIGUOUS if input.strides == CONTIGUOUS and shape is not None else None
    return TensorSpec(shape, input.dtype, strides)


def channels_last(spec: TensorSpec) -> bool | None:
    """Whether torch takes a tensor for channels-last; None where that is not known."""
    if spec.strides == CONTIGUOUS:
        return False
    if spec.shape is None or spec.strides is None:
        return None
    rank = len(spec.shape)
    if rank not in (4, 5):
        return False
    strides = spec.strides
    assert not isinstance(strides, str)
    if not known(*strides, *spec.shape):
        return None
    if strides[1] == 0:
        return False
    least: Dim = 0
    for d in (1, *range(rank - 1, 1, -1), 0):
        if spec.shape[d] == 0 or strides[d] < least or (d == 0 and least == strides[1]):
            return False
        least = strides[d] * max(1, spec.shape[d])
    return True


def last(shape: Shape) -> tuple[Dim, ...]:
    """The strides of a channels-last tensor."""
    order = (1, *range(len(shape) - 1, 1, -1), 0)
    strides: list[Dim] = [1] * len(shape)
    step: Dim = 1
    for d in order:
        strides[d] = step
        step = step * shape[d]
    return tuple(strides)
