"""Elements picked out of a tensor, or put into it, along one axis: select, gather, scatter.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.gather.html
"""

from __future__ import annotations

from typing import Any

import torch

from convlint.arithmetic.strides import preserved, view
from convlint.dims import Dim, Unknown, known, product
from convlint.shapes.arguments import convertible
from convlint.shapes.axes import axis, scalar, size, whole
from convlint.shapes.broadcast import elementwise
from convlint.shapes.memory import fresh
from convlint.shapes.promotion import promoted
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import CONTIGUOUS, TensorSpec

_LONG = (torch.int64, torch.int32)


def _wants(tensor: TensorSpec, dtypes: tuple[torch.dtype, ...], text: str) -> None:
    if tensor.dtype is not None and tensor.dtype not in dtypes:
        raise Rejected(text)


def _differ(one: TensorSpec, other: TensorSpec) -> bool:
    """Whether two tensors certainly have different dtypes."""
    return one.dtype is not None and other.dtype is not None and one.dtype != other.dtype


def _copy(input: TensorSpec) -> TensorSpec:
    """A changed copy of `input`."""
    return input.with_shape(input.shape, preserved(input))


@operator
def select(input: TensorSpec, dim: Any, index: Any) -> TensorSpec:
    if input.shape is None:
        return input.with_shape(None, None)
    if not input.shape:
        raise Rejected("select() cannot be applied to a 0-dim tensor.")
    place = axis(dim, len(input.shape))
    strides = input.element_strides()
    left = (*input.shape[:place], *input.shape[place + 1 :])
    steps = None if strides is None else (*strides[:place], *strides[place + 1 :])
    return view(input, left, steps)


@operator
def narrow(input: TensorSpec, dim: Any, start: Any, length: Any) -> TensorSpec:
    if input.shape is None:
        return input.with_shape(None, None)
    if not input.shape:
        raise Rejected("narrow() cannot be applied to a 0-dim tensor.")
    count = size(length)
    if count < 0:
        raise Rejected("narrow(): length must be non-negative.")
    scalar(start, "start must be an 0-dim integral Tensor.")
    place = axis(dim, len(input.shape))
    shape = (*input.shape[:place], count, *input.shape[place + 1 :])
    return view(input, shape, input.element_strides())


@operator
def narrow_copy(input: TensorSpec, dim: Any, start: Any, length: Any) -> TensorSpec:
    found: TensorSpec = narrow(input, dim, start, length)
    return found.with_shape(found.shape, CONTIGUOUS if found.strides == CONTIGUOUS else None)


@operator
def gather(input: TensorSpec, dim: Any, index: TensorSpec, sparse_grad: bool = False) -> TensorSpec:
    _wants(index, _LONG, "gather(): Expected dtype int32/int64 for index")
    if input.shape is not None:
        axis(dim, len(input.shape))
    return TensorSpec(index.shape, input.dtype)


def _scattered(input: TensorSpec, dim: Any, index: TensorSpec, src: Any, name: str) -> TensorSpec:
    _wants(index, _LONG, f"{name}(): Expected dtype int64 for index")
    if input.shape is not None:
        axis(dim, len(input.shape))
    if isinstance(src, TensorSpec) and _differ(src, input):
        raise Rejected(f"{name}(): Expected self.dtype to be equal to src.dtype")
    return fresh(input, input.shape)


@operator
def scatter(
    input: TensorSpec, dim: Any, index: TensorSpec, src: Any = None, value: Any = None,
    reduce: Any = None,
) -> TensorSpec:  # fmt: skip
    convertible(src if value is None else value, input.dtype)
    return _scattered(input, dim, index, src, "scatter")


@operator
def scatter_add(input: TensorSpec, dim: Any, index: TensorSpec, src: Any) -> TensorSpec:
    return _scattered(input, dim, index, src, "scatter")


@operator
def scatter_reduce(
    input: TensorSpec, dim: Any, index: TensorSpec, src: Any, reduce: str,
    include_self: bool = True,
) -> TensorSpec:  # fmt: skip
    return _scattered(input, dim, index, src, "scatter")


@operator
def index_select(input: TensorSpec, dim: Any, index: TensorSpec) -> TensorSpec:
    _wants(index, _LONG, "index_select(): Expected dtype int32 or int64 for index")
    if index.shape is not None and len(index.shape) > 1:
        raise Rejected("index_select(): Index is supposed to be a vector")
    if input.shape is None:
        return input.with_shape(None)
    place = axis(dim, len(input.shape))
    if not input.shape:
        if index.numel != 1:
            raise Rejected("index_select(): Index to scalar can have only 1 value")
        return input
    count: Dim = Unknown() if index.shape is None else product(index.shape)
    if input.shape[place] == 0 and known(count) and count != 0:
        raise Rejected("index_select(): self indexing axis dim should be positive")
    return input.with_shape((*input.shape[:place], count, *input.shape[place + 1 :]))


def _put_rows(input: TensorSpec, dim: Any, index: TensorSpec, source: Any, name: str) -> TensorSpec:
    """`source` put into the rows `index` of `input`."""
    _wants(index, _LONG, f"{name}(): Expected dtype int32/int64 for index")
    if index.shape is not None and len(index.shape) > 1:
        raise Rejected(f"{name}(): Index should have dimension 1 or 0 (got {len(index.shape)})")
    if input.shape is None:
        return input
    place = axis(dim, len(input.shape))
    if isinstance(source, TensorSpec):
        if _differ(source, input):
            raise Rejected(f"{name}(): self and source expected to have the same dtype")
        if source.shape is not None and index.shape is not None:
            _check_rows(input, place, product(index.shape), source, name)
    return _copy(input) if name == "index_fill" else fresh(input, input.shape)


def _check_rows(input: TensorSpec, place: int, count: Dim, source: TensorSpec, name: str) -> None:
    own, other = input.shape or (1,), source.shape or (1,)
    exact = name == "index_add" and bool(input.shape) != bool(source.shape)
    if len(own) != len(other) or exact:
        raise Rejected(
            f"{name}(): source tensor must have as many dimensions as self,"
            f" got {source} for {input}"
        )
    for at, (a, b) in enumerate(zip(own, other, strict=True)):
        if at == place and b != count:
            raise Rejected(
                f"{name}(): Number of indices ({count}) should be equal to source.size(dim):"
                f" ({b}), for dim: {place}"
            )
        if at != place and a != b:
            raise Rejected(
                f"{name}(): source tensor shape must match self tensor shape, excluding the"
                f" specified dimension. Got self.shape = {input} source.shape = {source}"
            )


@operator
def index_add(
    input: TensorSpec, dim: Any, index: TensorSpec, source: Any, alpha: Any = 1
) -> TensorSpec:
    return _put_rows(input, dim, index, source, "index_add")


@operator
def index_copy(input: TensorSpec, dim: Any, index: TensorSpec, source: Any) -> TensorSpec:
    _wants(index, (torch.int64,), "index_copy_(): Expected a long tensor for index")
    return _put_rows(input, dim, index, source, "index_copy")


@operator
def index_fill(input: TensorSpec, dim: Any, index: TensorSpec, value: Any) -> TensorSpec:
    _wants(index, (torch.int64,), "index_fill_(): Expected dtype int64 for index.")
    convertible(value, input.dtype)
    return _put_rows(input, dim, index, None, "index_fill")


@operator
def take(input: TensorSpec, index: TensorSpec) -> TensorSpec:
    _wants(index, (torch.int64,), "take(): Expected a long tensor for index")
    return TensorSpec(index.shape, input.dtype)


@operator
def take_along_dim(input: TensorSpec, indices: TensorSpec, dim: Any = None) -> TensorSpec:
    _wants(indices, (torch.int64,), "torch.take_along_dim(): dtype of indices should be Long")
    if dim is None:
        return TensorSpec((indices.numel,), input.dtype)
    if input.shape is None or indices.shape is None:
        return input.with_shape(None)
    if len(input.shape) != len(indices.shape):
        raise Rejected(
            "torch.take_along_dim(): input and indices should have the same number of dimensions,"
            f" but got {len(input.shape)} dimensions for input, and {len(indices.shape)}"
            " dimensions for indices"
        )
    if not input.shape:
        raise Rejected("Dimension specified as 0 but tensor has no dimensions")
    place = axis(dim, len(input.shape))
    shape: list[Dim] = []
    for at, (a, b) in enumerate(zip(input.shape, indices.shape, strict=True)):
        if at == place:
            shape.append(b)
        elif a != b and a != 1 and b != 1:
            raise Rejected(
                f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton"
                f" dimension {at}"
            )
        else:
            shape.append(b if isinstance(a, int) and a == 1 else a)
    return TensorSpec(tuple(shape), input.dtype)


@operator
def masked_fill(input: TensorSpec, mask: TensorSpec, value: Any) -> TensorSpec:
    if isinstance(mask, TensorSpec):
        _wants(mask, (torch.bool,), f"masked_fill only supports boolean masks, not {mask.dtype}")
    if isinstance(value, TensorSpec) and value.shape:
        raise Rejected(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with"
            f" {len(value.shape)} dimension(s)."
        )
    convertible(value, input.dtype)
    # torch fills a contiguous copy.
    return fresh(input, elementwise(None, input, mask).shape)


@operator
def masked_scatter(input: TensorSpec, mask: TensorSpec, source: TensorSpec) -> TensorSpec:
    _wants(mask, (torch.bool,), "masked_scatter_ only supports boolean masks")
    if _differ(input, source):
        raise Rejected(
            "masked_scatter: expected self and source to have same dtypes but got"
            f" {input.dtype} and {source.dtype}"
        )
    return fresh(input, elementwise(None, input, mask).shape)


@operator("swapped:Tensor.where")
def where(condition: TensorSpec, input: Any = None, other: Any = None) -> Any:
    if input is None and other is None:
        return nonzero(condition, True)
    if isinstance(condition, TensorSpec):
        _wants(
            condition,
            (torch.bool, torch.uint8),
            "where expected condition to be a boolean tensor, but got a tensor with dtype"
            f" {condition.dtype}",
        )
    return elementwise(promoted(input, other), condition, input, other)


@operator
def masked_select(input: TensorSpec, mask: TensorSpec) -> TensorSpec:
    _wants(mask, (torch.bool,), "masked_select: expected BoolTensor for mask")
    return input.with_shape((Unknown(),))


@operator
def nonzero(input: TensorSpec, as_tuple: bool = False) -> Any:
    count = Unknown()
    if not as_tuple:
        rank: Dim = Unknown() if input.shape is None else len(input.shape)
        return TensorSpec((count, rank), torch.int64, None)
    if input.shape is None:
        return TensorSpec(None, torch.int64, None)
    return tuple(TensorSpec((count,), torch.int64, None) for _ in range(max(1, len(input.shape))))


@operator
def argwhere(input: TensorSpec) -> TensorSpec:
    rank: Dim = Unknown() if input.shape is None else len(input.shape)
    return TensorSpec((Unknown(), rank), torch.int64, None)


@operator
def unique(
    input: TensorSpec, sorted: bool = True, return_inverse: bool = False,
    return_counts: bool = False, dim: Any = None,
) -> Any:  # fmt: skip
    return _distinct(input, return_inverse, return_counts, dim)


@operator
def unique_consecutive(
    input: TensorSpec, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:
    return _distinct(input, return_inverse, return_counts, dim)


def _distinct(input: TensorSpec, inverse: bool, counts: bool, dim: Any) -> Any:
    count = Unknown()
    found: list[TensorSpec] = []
    if input.shape is None:
        found.append(input.with_shape(None if dim is not None else (count,), None))
    elif dim is None:
        found.append(input.with_shape((count,)))
    else:
        place = axis(dim, len(input.shape))
        shape = (*input.shape[:place], count, *input.shape[place + 1 :])
        found.append(input.with_shape(shape, None))
    if inverse:
        whole_shape = input.shape if dim is None else None
        if dim is not None and input.shape:
            whole_shape = (input.shape[axis(dim, len(input.shape))],)
        found.append(TensorSpec(whole_shape, torch.int64, None))
    if counts:
        found.append(TensorSpec((count,), torch.int64))
    return found[0] if len(found) == 1 else tuple(found)


@operator
def select_scatter(input: TensorSpec, src: TensorSpec, dim: Any, index: Any) -> TensorSpec:
    return _written(input, src, select(input, dim, index))


@operator
def slice_scatter(
    input: TensorSpec, src: TensorSpec, dim: Any = 0, start: Any = None, end: Any = None,
    step: Any = 1,
) -> TensorSpec:  # fmt: skip
    from convlint.shapes.index import length

    if input.shape is None:
        return input
    place = axis(dim, len(input.shape))
    count = length(input.shape[place], start, end, whole(step))
    target = input.with_shape((*input.shape[:place], count, *input.shape[place + 1 :]))
    return _written(input, src, target)


def _written(input: TensorSpec, src: TensorSpec, target: TensorSpec) -> TensorSpec:
    if target.shape is not None and src.shape is not None:
        pairs = list(zip(src.shape, target.shape, strict=False))
        if len(src.shape) != len(target.shape) or any(a != b for a, b in pairs):
            raise Rejected(
                "expected src to have a size equal to the slice of self. src size ="
                f" {src}, slice size = {target}"
            )
    return input.with_shape(input.shape, CONTIGUOUS if input.strides == CONTIGUOUS else None)
