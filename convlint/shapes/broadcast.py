"""What comes out of an element-wise operation: broadcast shape, and the layout in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from convlint.arithmetic.broadcast import broadcast, clashes
from convlint.arithmetic.strides import rows
from convlint.dims import Dim, Shape, known
from convlint.shapes.memory import last
from convlint.shapes.registry import Rejected
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec


def elementwise(dtype: torch.dtype | None, *operands: Any) -> TensorSpec:
    """The result of a function of the elements of `operands`: of the tensors among them.

    Raises:
        Rejected: there are tensors in a tuple, as `chunk` and the recurrent layers return.
    """
    for operand in operands:
        if isinstance(operand, (tuple, list)):
            raise Rejected(f"it takes tensors and numbers, not a {type(operand).__name__}")
    tensors = [o for o in operands if isinstance(o, TensorSpec)]
    first = tensors[0]
    if len(tensors) == 1 and (first.strides is CONTIGUOUS or first.strides is None):
        return TensorSpec(first.shape, dtype, first.strides)
    if all(t.shape == first.shape and t.strides == CONTIGUOUS for t in tensors):
        return TensorSpec(first.shape, dtype, None if first.shape is None else CONTIGUOUS)
    shapes = []
    for tensor in tensors:
        if tensor.shape is None:
            return TensorSpec(None, dtype, None)
        shapes.append(tensor.shape)
    shape = broadcast(*shapes) if len(shapes) > 1 else shapes[0]
    if any(clashes(shape, own) for own in shapes):
        return TensorSpec(shape, dtype, None)
    return TensorSpec(shape, dtype, layout(shape, tensors))


def layout(shape: Shape, operands: list[TensorSpec]) -> Strides:
    """The strides that torch's TensorIterator gives a new tensor of `shape`.

    The axes go in the order of the operands' strides, the first operand deciding first.
    """
    whole = any(o.shape == shape for o in operands)
    if not whole and any(n == 1 for n in shape):
        return None  # the stride of an axis of size one, which can be anything, may decide
    if all(o.strides == CONTIGUOUS for o in operands):
        return CONTIGUOUS
    if not known(*shape):
        return None
    rank = len(shape)
    steps: list[tuple[Dim, ...]] = []
    for operand in operands:
        strides = operand.element_strides()
        if strides is None or operand.shape is None or not known(*operand.shape, *strides):
            return None
        lead = rank - len(operand.shape)
        spread = (
            0 if own == 1 and size != 1 else step
            for own, step, size in zip(operand.shape, strides, shape[lead:], strict=True)
        )
        steps.append(((0,) * lead) + tuple(spread))
    alike = all(o.shape == shape for o in operands)
    image = len(shape) == 4 and all(_channels_last(shape, s) for s in steps)
    if alike and image:  # operators differ in the stride of an axis of size one
        plain = rows(shape) if row_major(shape, steps[0]) else last(shape)
        if steps[0] != plain:
            return None
    if alike and all(s == steps[0] for s in steps) and _dense(shape, steps[0]):
        made = steps[0]
    elif _converted(operands):
        return None
    else:
        made = _ordered(shape, steps)
    # Row-major but for the stride of an axis of size one is not told as contiguous: a convolution
    # may take it for channels-last.
    is_plain = row_major(shape, made) if 0 in shape else made == rows(shape)
    return CONTIGUOUS if is_plain else made


def _converted(operands: list[TensorSpec]) -> bool:
    """Whether an operand with gaps may be copied first, to convert it: on the CPU, not on a GPU."""
    first = operands[0].dtype
    if first is not None and first.is_floating_point and all(o.dtype is first for o in operands):
        return False
    for operand in operands:
        strides = operand.element_strides()
        if operand.shape is None or strides is None or not _dense(operand.shape, strides):
            return True
    return False


def row_major(shape: Sequence[Dim], strides: Sequence[Dim]) -> bool:
    """Whether the elements lie in the order of the axes, without gaps."""
    step: Dim = 1
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size != 1 and stride != step:
            return False
        step = step * size
    return True


def _channels_last(shape: Shape, strides: Sequence[Dim]) -> bool:
    """Whether the pixels of an image lie one behind the other, without gaps."""
    order = (0, 2, 3, 1)
    return row_major([shape[a] for a in order], [strides[a] for a in order])


def _dense(shape: Shape, strides: tuple[Dim, ...]) -> bool:
    """Whether the elements fill a block of memory without gaps or overlaps."""
    step: Any = 1
    for stride, size in sorted((s, n) for s, n in zip(strides, shape, strict=True) if n != 1):
        if stride != step:
            return False
        step *= size
    return True


def _ordered(shape: Shape, steps: list[tuple[Dim, ...]]) -> tuple[Dim, ...]:
    """Row-major over the axes in their order in memory (an insertion sort: ties keep theirs)."""
    order = list(range(len(shape) - 1, -1, -1))
    for start in range(1, len(order)):
        moving = start
        for place in range(start - 1, -1, -1):
            sign = _compare(shape, steps, order[place], order[moving])
            if sign > 0:
                order[place], order[moving] = order[moving], order[place]
                moving = place
            elif sign < 0:
                break
    strides: list[Dim] = [0] * len(shape)
    step: Dim = 1
    for axis in order:
        strides[axis] = step
        step = step * shape[axis]
    return tuple(strides)


def _compare(shape: Any, steps: Any, inner: int, outer: int) -> int:
    """1 if axis `inner` lies outside axis `outer`, -1 if inside, 0 if no operand tells."""
    for strides in steps:
        a, b = strides[inner], strides[outer]
        if a == 0 or b == 0:
            continue
        if a != b:
            return -1 if a < b else 1
        if shape[inner] > shape[outer]:
            return 1
    return 0
