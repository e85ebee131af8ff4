"""Linear algebra on (batches of) matrices: https://docs.pytorch.org/docs/stable/linalg.html"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from convlint.arithmetic.broadcast import broadcast
from convlint.dims import Dim, Shape
from convlint.shapes.promotion import real
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import TensorSpec


def _register(names: str, function: Callable[..., Any]) -> None:
    """One function for operators named after their first spelling; spellings join by slashes."""
    for spellings in names.split():
        first, *more = spellings.split("/")
        name = first.replace(".", "_")
        operator(first, f"Tensor.{first}", *more, only=True, name=name)(function)


def _matrix(a: TensorSpec, square: bool = False) -> tuple[Shape, Dim, Dim] | None:
    """Batch, rows and columns; None where the rank is unknown.

    Raises:
        Rejected: no matrix, or no square one.
    """
    if a.shape is None:
        return None
    if len(a.shape) < 2:
        raise Rejected(
            f"The input tensor A must have at least 2 dimensions, but it has {len(a.shape)}"
        )
    *batch, rows, columns = a.shape
    if square and rows != columns:
        raise Rejected(f"A must be batches of square matrices, but they are {rows} by {columns}")
    if a.dtype is not None and not (a.dtype.is_floating_point or a.dtype.is_complex):
        raise Rejected(f"Expected a floating point or complex tensor as input. Got {a.dtype}")
    if a.dtype in (torch.float16, torch.bfloat16):
        raise Rejected(f"Low precision dtypes not supported. Got {a.dtype}")
    return tuple(batch), rows, columns


def _spec(a: TensorSpec, *shape: Dim, dtype: torch.dtype | None = None) -> TensorSpec:
    return TensorSpec(shape, dtype or a.dtype, None)


def _nothing(a: TensorSpec) -> TensorSpec:
    return TensorSpec(None, a.dtype, None)


# -- square matrices


def _inverse(A: TensorSpec) -> TensorSpec:
    found = _matrix(A, square=True)
    return _nothing(A) if found is None else _spec(A, *A.shape or ())


def _exponential(A: TensorSpec) -> TensorSpec:
    return _inverse(A)


def _determinant(A: TensorSpec) -> TensorSpec:
    found = _matrix(A, square=True)
    return _nothing(A) if found is None else TensorSpec(found[0], A.dtype, None)


def _sign_and_log(A: TensorSpec) -> tuple[TensorSpec, TensorSpec]:
    one = _determinant(A)
    return one, one.with_dtype(real(one.dtype))


_register("linalg.inv/inverse/Tensor.inverse", _inverse)
_register("linalg.matrix_exp/matrix_exp/Tensor.matrix_exp", _exponential)
_register("linalg.det/det/Tensor.det logdet", _determinant)
_register("linalg.slogdet slogdet", _sign_and_log)


def _power(A: TensorSpec, n: Any) -> TensorSpec:
    if A.shape is not None and (len(A.shape) < 2 or A.shape[-1] != A.shape[-2]):
        raise Rejected(f"A must be batches of square matrices, but it is {list(A.shape)}")
    return TensorSpec(A.shape, A.dtype, None)


_register("linalg.matrix_power/matrix_power/Tensor.matrix_power", _power)


def _cholesky(A: TensorSpec, upper: Any = False) -> TensorSpec:
    return _inverse(A)


_register("linalg.cholesky cholesky", _cholesky)


def _eigen_symmetric(A: TensorSpec, UPLO: Any = "L") -> tuple[TensorSpec, TensorSpec]:
    found = _matrix(A, square=True)
    if found is None:
        return _nothing(A).with_dtype(real(A.dtype)), _nothing(A)
    batch, rows, _ = found
    return TensorSpec((*batch, rows), real(A.dtype), None), _spec(A, *batch, rows, rows)


def _eigenvalues_symmetric(A: TensorSpec, UPLO: Any = "L") -> TensorSpec:
    return _eigen_symmetric(A)[0]


_register("linalg.eigh", _eigen_symmetric)
_register("linalg.eigvalsh", _eigenvalues_symmetric)


def _eigen(A: TensorSpec) -> tuple[TensorSpec, TensorSpec]:
    from convlint.shapes.promotion import complexed

    values, vectors = _eigen_symmetric(A)
    dtype = None if A.dtype is None else complexed(A.dtype)
    return values.with_dtype(dtype), vectors.with_dtype(dtype)


def _eigenvalues(A: TensorSpec) -> TensorSpec:
    return _eigen(A)[0]


_register("linalg.eig", _eigen)
_register("linalg.eigvals", _eigenvalues)


# -- any matrices


def _smaller(first: Dim, second: Dim) -> Dim:
    from convlint.dims import Unknown

    if isinstance(first, int) and isinstance(second, int):
        return min(first, second)
    return first if first is second else Unknown()


def _singular(A: TensorSpec, full_matrices: Any = True, driver: Any = None) -> tuple[Any, ...]:
    found = _matrix(A)
    if found is None:
        return _nothing(A), _nothing(A).with_dtype(real(A.dtype)), _nothing(A)
    batch, rows, columns = found
    k = _smaller(rows, columns)
    return (
        _spec(A, *batch, rows, rows if full_matrices else k),
        _spec(A, *batch, k, dtype=real(A.dtype)),
        _spec(A, *batch, columns if full_matrices else k, columns),
    )


def _singular_values(A: TensorSpec, driver: Any = None) -> TensorSpec:
    return _singular(A)[1]  # type: ignore[no-any-return]


_register("linalg.svd", _singular)
_register("linalg.svdvals", _singular_values)


@operator
def svd(input: TensorSpec, some: Any = True, compute_uv: Any = True) -> tuple[Any, ...]:
    found = _matrix(input)
    if found is None or not compute_uv:
        return _nothing(input), _nothing(input).with_dtype(real(input.dtype)), _nothing(input)
    batch, rows, columns = found
    k = _smaller(rows, columns)
    return (
        _spec(input, *batch, rows, k if some else rows),
        _spec(input, *batch, k, dtype=real(input.dtype)),
        _spec(input, *batch, columns, k if some else columns),
    )


def _orthogonal(A: TensorSpec, mode: str = "reduced") -> tuple[TensorSpec, TensorSpec]:
    found = _matrix(A)
    if found is None:
        return _nothing(A), _nothing(A)
    batch, rows, columns = found
    k = rows if mode == "complete" else _smaller(rows, columns)
    q = _spec(A, 0) if mode == "r" else _spec(A, *batch, rows, k)
    return q, _spec(A, *batch, k, columns)


_register("linalg.qr", _orthogonal)


@operator
def qr(input: TensorSpec, some: Any = True) -> tuple[TensorSpec, TensorSpec]:
    return _orthogonal(input, "reduced" if some else "complete")


def _pseudo_inverse(A: TensorSpec, rcond: Any = None, hermitian: Any = False) -> TensorSpec:
    found = _matrix(A, square=bool(hermitian))
    if found is None:
        return _nothing(A)
    batch, rows, columns = found
    return _spec(A, *batch, columns, rows)


_register("pinverse", _pseudo_inverse)


@operator("linalg.pinv", only=True)
def linalg_pinv(
    A: TensorSpec, rcond: Any = None, hermitian: Any = False, atol: Any = None, rtol: Any = None
) -> TensorSpec:
    return _pseudo_inverse(A, rcond, hermitian)


@operator("linalg.matrix_rank", only=True)
def linalg_matrix_rank(
    A: TensorSpec, tol: Any = None, hermitian: Any = False, atol: Any = None, rtol: Any = None
) -> TensorSpec:
    found = _matrix(A)
    return TensorSpec(None if found is None else found[0], torch.int64, None)


@operator("linalg.solve", only=True)
def linalg_solve(A: TensorSpec, B: TensorSpec, left: Any = True) -> TensorSpec:
    found = _matrix(A, square=True)
    if found is None or B.shape is None:
        return _nothing(A)
    batch, rows, _ = found
    vector = len(B.shape) == 1 or (len(A.shape or ()) - 1 == len(B.shape) and _ends(A, B))
    if vector:
        if B.shape[-1] != rows:
            raise Rejected(f"A is {rows} by {rows}, but B has {B.shape[-1]} elements")
        return _spec(A, *broadcast(batch, B.shape[:-1]), rows)
    if len(B.shape) < 2 or B.shape[-2 if left else -1] != rows:
        raise Rejected(f"Incompatible shapes of A and B: {list(A.shape or ())}, {list(B.shape)}")
    return _spec(A, *broadcast(batch, B.shape[:-2]), *B.shape[-2:])


def _ends(A: TensorSpec, B: TensorSpec) -> bool:
    return A.shape is not None and A.shape[:-1] == B.shape


@operator("linalg.cross", only=True)
def linalg_cross(input: TensorSpec, other: TensorSpec, dim: int = -1) -> TensorSpec:
    if input.shape is None or other.shape is None:
        return _nothing(input)
    if len(input.shape) != len(other.shape):
        raise Rejected("inputs must have the same number of dimensions.")
    rank = len(input.shape)
    if not -rank <= dim < rank:
        raise Rejected(f"Dimension out of range: {dim} of {rank}")
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise Rejected(
            f"inputs dimension {dim} must have length 3. Got {input.shape[dim]} and"
            f" {other.shape[dim]}"
        )
    return TensorSpec(broadcast(input.shape, other.shape), input.dtype, None)


@operator
def cross(input: TensorSpec, other: TensorSpec, dim: int | None = None) -> TensorSpec:
    if dim is not None or input.shape is None or other.shape is None:
        return linalg_cross(input, other, -1 if dim is None else dim)  # type: ignore[no-any-return]
    shape = broadcast(input.shape, other.shape)
    for axis, size in enumerate(shape):
        if isinstance(size, int) and size == 3:
            return linalg_cross(input, other, axis)  # type: ignore[no-any-return]
        if not isinstance(size, int):
            return TensorSpec(shape, input.dtype, None)
    raise Rejected("no dimension of size 3 in input")


@operator
def trace(input: TensorSpec) -> TensorSpec:
    from convlint.shapes.promotion import counting

    if input.shape is not None and len(input.shape) != 2:
        raise Rejected(f"trace: expected a matrix, but got tensor with dim {len(input.shape)}")
    return TensorSpec((), counting(input.dtype))
