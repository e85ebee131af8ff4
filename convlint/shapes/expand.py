"""Sizes repeated: expand (a view), repeat (a copy), broadcasting as a call.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html
"""

from __future__ import annotations

from typing import Any

from convlint.arithmetic.broadcast import broadcast
from convlint.arithmetic.strides import view
from convlint.dims import Dim, Shape, Unknown, product
from convlint.shapes.axes import axis, size, sizes
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import CONTIGUOUS, TensorSpec


def expanded(input: TensorSpec, target: Shape) -> TensorSpec:
    """`input` with its sides of 1 stretched to `target`.

    Where another side does not fit, the side asked for is answered.
    """
    if input.shape is None:
        unknown = [Unknown() if isinstance(n, int) and n == -1 else n for n in target]
        return input.with_shape(unknown, None)
    lead = len(target) - len(input.shape)
    if lead < 0:
        raise Rejected(
            f"expand: the number of sizes provided ({len(target)}) must be greater or equal to"
            f" the number of dimensions in the tensor ({len(input.shape)})"
        )
    own = input.element_strides()
    shape: list[Dim] = list(target)
    strides: list[Dim] = [0] * len(target)
    for place in range(len(target) - 1, -1, -1):
        held: Dim = input.shape[place - lead] if place >= lead else 1
        if place >= lead:
            step = own[place - lead] if own is not None else 0
        else:
            step = shape[place + 1] * strides[place + 1] if place + 1 < len(target) else 1
        wanted = target[place]
        if isinstance(wanted, int) and wanted == -1:
            if place < lead:
                raise Rejected(
                    "expand: The expanded size of the tensor (-1) isn't allowed in a leading,"
                    f" non-existing dimension {place}"
                )
            wanted = held
        elif isinstance(wanted, int) and wanted < 0:
            raise Rejected(f"expand: negative size {wanted} in dimension {place}")
        shape[place] = wanted
        strides[place] = step if held is wanted or held == wanted else 0
        if isinstance(held, Unknown) or isinstance(wanted, Unknown):
            own = own if held is wanted else None
    return view(input, shape, strides if own is not None else None)


@operator(variadic="size")
def expand(input: TensorSpec, size: Any, implicit: bool = False) -> TensorSpec:
    return expanded(input, sizes(size))


@operator(variadic="size")
def broadcast_to(input: TensorSpec, size: Any) -> TensorSpec:
    return expanded(input, sizes(size))


@operator
def expand_as(input: TensorSpec, other: TensorSpec) -> TensorSpec:
    if other.shape is None:
        return input.with_shape(None, None)
    return expanded(input, other.shape)


@operator(variadic="tensors")
def broadcast_tensors(tensors: Any) -> tuple[TensorSpec, ...]:
    shapes = [t.shape for t in tensors if t.shape is not None]
    if len(shapes) < len(tensors):
        return tuple(t.with_shape(None, None) for t in tensors)
    shape = broadcast(*shapes)
    return tuple(expanded(t, shape) for t in tensors)


def repeated(input: TensorSpec, counts: Shape) -> TensorSpec:
    """`input` laid side by side, `counts` times along every axis."""
    if input.shape is None:
        return input.with_shape([Unknown() for _ in counts])
    lead = len(counts) - len(input.shape)
    if lead < 0:
        raise Rejected(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions"
            " of tensor"
        )
    padded = (1,) * lead + input.shape
    shape = [n * count for n, count in zip(padded, counts, strict=True)]
    if any(n < 0 for n in shape):
        raise Rejected(f"Trying to create tensor with negative dimension: {shape}")
    return input.with_shape(shape)


@operator(variadic="repeats")
def repeat(input: TensorSpec, repeats: Any) -> TensorSpec:
    return repeated(input, sizes(repeats))


@operator(variadic="dims")
def tile(input: TensorSpec, dims: Any) -> TensorSpec:
    counts = sizes(dims)
    if input.shape is None:
        return input.with_shape(None)
    return repeated(input, (1,) * (len(input.shape) - len(counts)) + counts)


@operator
def repeat_interleave(
    input: TensorSpec, repeats: Any = None, dim: Any = None, output_size: Any = None
) -> TensorSpec:
    total = None if output_size is None else size(output_size)
    if repeats is None:
        return input.with_shape((total if total is not None else Unknown(),))
    if input.shape is None:
        return input.with_shape(None)
    shape: Shape = (product(input.shape),) if dim is None else input.shape
    place = 0 if dim is None else axis(dim, len(shape))
    if not shape:
        raise Rejected("Dimension out of range (expected to be in range of [-1, 0], but got 1)")
    held = shape[place]
    if isinstance(repeats, TensorSpec):
        made: Dim = Unknown()
        if repeats.shape is not None:
            if len(repeats.shape) > 1:
                raise Rejected("repeats must be 0-dim or 1-dim tensor")
            count = repeats.shape[0] if repeats.shape else 1
            if count != held and count != 1:
                raise Rejected(
                    "repeats must have the same size as input along dim, but got"
                    f" repeats.size(0) = {count} and input.size({place}) = {held}"
                )
    else:
        number = size(repeats)
        if number < 0:
            raise Rejected("Repeats must be non-negative")
        made = held * number
        if total is not None and total != made:
            raise Rejected("allocated size does not match required size")
    if total is not None:
        made = total
    layout = CONTIGUOUS if place == 0 and input.strides == CONTIGUOUS else None
    return input.with_shape((*shape[:place], made, *shape[place + 1 :]), layout)
