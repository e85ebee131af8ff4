"""Several tensors into one: cat, stack and their kin.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.cat.html
Where sides do not fit, the sides of the first tensor are answered, unless most tensors agree.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch

from convlint.arithmetic.strides import channels_last, contiguous, named, suggests_channels_last
from convlint.dims import Dim, Shape, Unknown, guess, known
from convlint.network import Layer
from convlint.shapes.axes import axis
from convlint.shapes.registry import Rejected, explains, operator
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec


def joined_dtype(tensors: Sequence[TensorSpec]) -> torch.dtype | None:
    """The dtype that holds the elements of all of them."""
    dtypes = [t.dtype for t in tensors]
    if any(d is None for d in dtypes):
        return None
    return functools.reduce(torch.promote_types, dtypes)  # type: ignore[arg-type]


def agreed(sides: Sequence[Dim]) -> Dim:
    """The side that joined tensors have in common; not known where they disagree."""
    numbers = [n for n in sides if isinstance(n, int)]
    if not numbers:
        return sides[0]
    if all(n == numbers[0] for n in numbers):
        return numbers[0]
    return Unknown(numbers[0])


def _listed(tensors: Any) -> list[TensorSpec]:
    if isinstance(tensors, TensorSpec):
        if tensors.shape is None:
            return [tensors]
        raise Rejected(
            "cat(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor"
        )
    found = list(tensors)
    for place, item in enumerate(found):
        if not isinstance(item, TensorSpec):
            raise Rejected(
                f"expected Tensor as element {place} in argument 0, but got {type(item).__name__}"
            )
    return found


def joined(tensors: Sequence[TensorSpec], dim: Any) -> TensorSpec:
    """`tensors` one behind the other along `dim`."""
    if not tensors:
        raise Rejected("expected a non-empty list of Tensors")
    dtype = joined_dtype(tensors)
    for place, tensor in enumerate(tensors):
        if tensor.shape == ():
            raise Rejected(f"zero-dimensional tensor (at position {place}) cannot be concatenated")
    filled = [t for t in tensors if not empty_vector(t)]
    if not filled:
        return TensorSpec((0,), dtype)
    shapes = [t.shape for t in filled if t.shape is not None]
    rank = len(shapes[0]) if shapes else 0
    alike = [s for s in shapes if len(s) == rank]
    if len(alike) < len(filled):
        if len(shapes) < len(filled):  # some are not known, not even their rank
            return _partly(alike, rank, dim, dtype) if alike else TensorSpec(None, dtype, None)
        return TensorSpec(None, dtype, None)
    place = axis(dim, rank)
    shape = tuple(
        _sum(s[at] for s in alike) if at == place else agreed([s[at] for s in alike])
        for at in range(rank)
    )
    return TensorSpec(shape, dtype, _layout(shape, filled))


def _partly(shapes: Sequence[Shape], rank: int, dim: Any, dtype: Any) -> TensorSpec:
    """What comes out where only some of the tensors are known."""
    place = axis(dim, rank)
    shape = [Unknown() if at == place else agreed([s[at] for s in shapes]) for at in range(rank)]
    return TensorSpec(tuple(shape), dtype, None)


def _sum(sides: Any) -> Dim:
    total: Dim = 0
    for side in sides:
        total = total + side
    return total


def empty_vector(tensor: TensorSpec) -> bool:
    """Whether cat passes a tensor over, as it always did with those of shape (0,)."""
    return tensor.shape is not None and len(tensor.shape) == 1 and tensor.shape[0] == 0


def _layout(shape: Shape, tensors: Sequence[TensorSpec]) -> Strides:
    if len(shape) not in (4, 5) or any(isinstance(t.strides, str) for t in tensors):
        return CONTIGUOUS
    suggested = [suggests_channels_last(t) for t in tensors]
    if any(s is False for s in suggested):
        return CONTIGUOUS
    if any(s is None for s in suggested) or not known(*shape):
        return None
    return named(shape, channels_last(shape))


@operator("concat", "concatenate")
def cat(tensors: Any, dim: Any = 0) -> TensorSpec:
    return joined(_listed(tensors), dim)


@operator
def stack(tensors: Any, dim: Any = 0) -> TensorSpec:
    found = _listed(tensors)
    if not found:
        raise Rejected("stack expects a non-empty TensorList")
    dtype = joined_dtype(found)
    shapes = [t.shape for t in found if t.shape is not None]
    if not shapes:
        return TensorSpec(None, dtype, None)
    rank = len(shapes[0])
    place = axis(dim, rank + 1)
    if any(len(s) != rank for s in shapes):
        return TensorSpec(None, dtype, None)
    common = tuple(agreed([s[at] for s in shapes]) for at in range(rank))
    plain = rank + 1 not in (4, 5) or any(isinstance(t.strides, str) for t in found)
    layout = CONTIGUOUS if plain and all(contiguous(t) for t in found) else None
    return TensorSpec((*common[:place], len(found), *common[place:]), dtype, layout)


def _raised(tensor: TensorSpec, rank: int) -> TensorSpec:
    """`tensor` with axes of 1 added until it has `rank`, as atleast_1d, 2d and 3d add them."""
    shape = tensor.shape
    if shape is None or len(shape) >= rank:
        return tensor
    layout = CONTIGUOUS if contiguous(tensor) else None
    if rank == 1:
        return tensor.with_shape((1,), layout)
    if rank == 2:
        return tensor.with_shape((1, shape[0]) if shape else (1, 1), layout)
    wide = (1, 1, 1) if not shape else (1, shape[0], 1) if len(shape) == 1 else (*shape, 1)
    return tensor.with_shape(wide, layout)


def _at_least(rank: int, tensors: Any) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], TensorSpec):
        return _raised(tensors[0], rank)
    return tuple(_raised(t, rank) for t in tensors)


@operator(variadic="tensors")
def atleast_1d(tensors: Any) -> Any:
    return _at_least(1, tensors)


@operator(variadic="tensors")
def atleast_2d(tensors: Any) -> Any:
    return _at_least(2, tensors)


@operator(variadic="tensors")
def atleast_3d(tensors: Any) -> Any:
    return _at_least(3, tensors)


@operator
def hstack(tensors: Any) -> TensorSpec:
    found = [_raised(t, 1) for t in _listed(tensors)]
    flat = bool(found) and found[0].shape is not None and len(found[0].shape) == 1
    return joined(found, 0 if flat else 1)


@operator("row_stack")
def vstack(tensors: Any) -> TensorSpec:
    return joined([_raised(t, 2) for t in _listed(tensors)], 0)


@operator
def dstack(tensors: Any) -> TensorSpec:
    return joined([_raised(t, 3) for t in _listed(tensors)], 2)


@operator
def column_stack(tensors: Any) -> TensorSpec:
    columns = [
        t.with_shape((t.numel, 1)) if t.shape is not None and len(t.shape) < 2 else t
        for t in _listed(tensors)
    ]
    return joined(columns, 1)


@operator(variadic="tensors")
def block_diag(tensors: Any) -> TensorSpec:
    wide = [_raised(t, 2) for t in tensors]
    dtype = joined_dtype(wide)
    if any(t.shape is None or len(t.shape) != 2 for t in wide):
        if all(t.shape is not None for t in wide):
            raise Rejected("block_diag: Input tensors must have 2 or fewer dimensions")
        return TensorSpec((Unknown(), Unknown()), dtype)
    shapes = [t.shape for t in wide if t.shape is not None]
    return TensorSpec((_sum(s[0] for s in shapes), _sum(s[1] for s in shapes)), dtype)


@explains("cat")
def _formula(layer: Layer) -> str | None:
    """`64 + 128 = 192`."""
    made = layer.outputs[0].shape
    tensors = [t for t in _listed(layer.args["tensors"]) if not empty_vector(t)]
    shapes = [t.shape for t in tensors if t.shape is not None]
    if made is None or len(shapes) < len(tensors) or any(len(s) != len(made) for s in shapes):
        return None
    place = axis(layer.args["dim"], len(made))
    parts = [s[place] for s in shapes]
    if not known(*parts):
        return None
    return " + ".join(str(p) for p in parts) + f" = {sum(guess(p) for p in parts)}"
