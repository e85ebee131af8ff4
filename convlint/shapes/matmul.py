"""Products of matrices: https://docs.pytorch.org/docs/stable/generated/torch.matmul.html

The rule matmul-mismatch says where sizes do not fit; here the inner ones just disappear.
"""

from __future__ import annotations

from typing import Any

import torch

from convlint.arithmetic.broadcast import broadcast
from convlint.dims import Shape, product, show
from convlint.network import Layer
from convlint.shapes.promotion import promote, promoted
from convlint.shapes.registry import Rejected, explains, operator
from convlint.tensor import CONTIGUOUS, TensorSpec


def multiplied(first: Shape, second: Shape) -> Shape:
    """The shape of `first @ second`, whatever the inner sizes are."""
    if not first or not second:
        return ()
    rows, columns = first[-2:-1], second[-1:] if len(second) > 1 else ()
    return (*broadcast(first[:-2], second[:-2]), *rows, *columns)


def _times(first: TensorSpec, second: TensorSpec) -> TensorSpec:
    """`first @ second`; for ranks that mm or bmm do not take, what torch.matmul would give."""
    dtype = first.dtype if first.dtype is not None else second.dtype
    if first.shape is None or second.shape is None:
        return TensorSpec(None, dtype, None)
    return TensorSpec(multiplied(first.shape, second.shape), dtype)


@operator("linalg.matmul", "Tensor.__matmul__", "swapped:Tensor.__rmatmul__")
def matmul(input: TensorSpec, other: TensorSpec) -> TensorSpec:
    return _times(input, other)


@operator("sparse.mm")
def mm(input: TensorSpec, mat2: TensorSpec, out_dtype: Any = None) -> TensorSpec:
    return _typed(_times(input, mat2), out_dtype)


@operator
def bmm(input: TensorSpec, mat2: TensorSpec, out_dtype: Any = None) -> TensorSpec:
    return _typed(_times(input, mat2), out_dtype)


def _typed(made: TensorSpec, dtype: Any) -> TensorSpec:
    return made.with_dtype(dtype) if isinstance(dtype, torch.dtype) else made


@operator
def mv(input: TensorSpec, vec: TensorSpec) -> TensorSpec:
    return _times(input, vec)


@operator
def dot(input: TensorSpec, tensor: TensorSpec) -> TensorSpec:
    return TensorSpec((), input.dtype)


@operator("linalg.vecdot", only=True)
def vecdot(x: TensorSpec, y: TensorSpec, dim: Any = -1) -> TensorSpec:
    from convlint.shapes.reduction import reduced

    if x.shape is None or y.shape is None:
        return TensorSpec(None, x.dtype, None)
    return reduced(TensorSpec(broadcast(x.shape, y.shape)), dim, False, x.dtype)


@operator
def vdot(input: TensorSpec, other: TensorSpec) -> TensorSpec:
    return TensorSpec((), input.dtype)


@operator
def inner(input: TensorSpec, other: TensorSpec) -> TensorSpec:
    if input.shape is None or other.shape is None:
        return TensorSpec(None, input.dtype, None)
    if not input.shape or not other.shape:
        return TensorSpec(input.shape or other.shape, promoted(input, other), None)
    return TensorSpec((*input.shape[:-1], *other.shape[:-1]), input.dtype)


@operator("ger", "Tensor.ger")
def outer(input: TensorSpec, vec2: TensorSpec) -> TensorSpec:
    if input.shape is None or vec2.shape is None:
        return TensorSpec(None, promoted(input, vec2), None)
    return TensorSpec((product(input.shape), product(vec2.shape)), promoted(input, vec2))


@operator
def kron(input: TensorSpec, other: TensorSpec) -> TensorSpec:
    dtype = None
    if input.dtype is not None and other.dtype is not None:
        dtype = promote(input.dtype, other.dtype)
    if input.shape is None or other.shape is None:
        return TensorSpec(None, dtype, None)
    rank = max(len(input.shape), len(other.shape))
    first = (1,) * (rank - len(input.shape)) + input.shape
    second = (1,) * (rank - len(other.shape)) + other.shape
    return TensorSpec(tuple(a * b for a, b in zip(first, second, strict=True)), dtype, None)


# -- with an addend: it broadcasts to the product


def _plus(input: TensorSpec, made: TensorSpec) -> TensorSpec:
    if made.shape is None and input.shape is not None and len(input.shape) > 1:
        return TensorSpec(input.shape, made.dtype, None)
    return made


@operator("sparse.addmm")
def addmm(
    input: TensorSpec, mat1: TensorSpec, mat2: TensorSpec, beta: Any = 1, alpha: Any = 1,
    out_dtype: Any = None,
) -> TensorSpec:  # fmt: skip
    return _typed(_plus(input, _times(mat1, mat2)), out_dtype)


@operator
def addmv(
    input: TensorSpec, mat: TensorSpec, vec: TensorSpec, beta: Any = 1, alpha: Any = 1
) -> TensorSpec:
    return _times(mat, vec)


@operator
def addr(
    input: TensorSpec, vec1: TensorSpec, vec2: TensorSpec, beta: Any = 1, alpha: Any = 1
) -> TensorSpec:
    made = outer(vec1, vec2)
    strides = made.strides if input.strides == CONTIGUOUS else None
    return TensorSpec(made.shape, promoted(input, vec1, vec2), strides)


@operator
def baddbmm(
    input: TensorSpec, batch1: TensorSpec, batch2: TensorSpec, beta: Any = 1, alpha: Any = 1,
    out_dtype: Any = None,
) -> TensorSpec:  # fmt: skip
    return _typed(_plus(input, _times(batch1, batch2)), out_dtype)


@operator
def addbmm(
    input: TensorSpec, batch1: TensorSpec, batch2: TensorSpec, beta: Any = 1, alpha: Any = 1
) -> TensorSpec:
    made = _times(batch1, batch2)
    return made if made.shape is None else made.with_shape(made.shape[-2:])


# -- several matrices


@operator(variadic="matrices", name="chain_matmul")
def _chain_matmul(matrices: tuple[TensorSpec, ...]) -> TensorSpec:
    return _chain(matrices)


@operator("linalg.multi_dot", only=True)
def multi_dot(tensors: Any) -> TensorSpec:
    return _chain(tuple(tensors))


def _chain(matrices: tuple[TensorSpec, ...]) -> TensorSpec:
    made = matrices[0]
    for matrix in matrices[1:]:
        made = _times(made, matrix)
    return made


@operator("functional.tensordot")
def tensordot(a: TensorSpec, b: TensorSpec, dims: Any = 2) -> TensorSpec:
    if a.shape is None or b.shape is None:
        return TensorSpec(None, a.dtype, None)
    axes = contracted(dims, len(a.shape), len(b.shape))
    if axes is None:
        return TensorSpec(None, a.dtype, None)
    left, right = axes
    for summed in (left, right):
        if len(set(summed)) < len(summed):
            raise Rejected("a dim appears multiple times in the list of dims")
    kept = [size for i, size in enumerate(a.shape) if i not in left]
    kept += [size for i, size in enumerate(b.shape) if i not in right]
    return TensorSpec(tuple(kept), a.dtype, None)


def contracted(
    dims: Any, first: int, second: int
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The axes of both tensors that `tensordot` sums over; None where they do not exist."""
    if isinstance(dims, int):
        if not 0 <= dims <= min(first, second):
            return None
        return tuple(range(first - dims, first)), tuple(range(dims))
    if not isinstance(dims, (tuple, list)) or len(dims) != 2:
        return None
    left, right = (tuple(d) if isinstance(d, (tuple, list)) else (d,) for d in dims)
    for axes, rank in ((left, first), (right, second)):
        if not all(isinstance(d, int) and -rank <= d < rank for d in axes):
            return None
    return tuple(d % first for d in left), tuple(d % second for d in right)


@explains("matmul", "mm", "bmm", "mv")
def _formula(layer: Layer) -> str | None:
    first, second = layer.tensors
    return f"{show(first.shape)} @ {show(second.shape)} = {show(layer.outputs[0].shape)}"
