"""Elements moved within a tensor, windows and diagonals: roll, flip, unfold, diagonal, tril.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unfold.html
"""

from __future__ import annotations

from typing import Any

from convlint.arithmetic.strides import named, preserved, view
from convlint.dims import Dim, Unknown, guess, known
from convlint.network import Layer
from convlint.shapes.axes import axes, axis, sizes, whole
from convlint.shapes.registry import Rejected, explains, operator
from convlint.tensor import CONTIGUOUS, TensorSpec


def _copy(input: TensorSpec) -> TensorSpec:
    return input.with_shape(input.shape, preserved(input))


@operator
def roll(input: TensorSpec, shifts: Any, dims: Any = ()) -> TensorSpec:
    moves = shifts if isinstance(shifts, (tuple, list)) else (shifts,)
    along = dims if isinstance(dims, (tuple, list)) else (dims,)
    if len(moves) != (len(along) or 1):
        raise Rejected(f"shifts and dimensions must align. shifts: {len(moves)}, dims:{len(along)}")
    if input.shape is not None and input.numel != 0:
        for dim in along:
            if not input.shape:
                raise Rejected("Dimension specified as 0 but tensor has no dimensions")
            axis(dim, len(input.shape))
    return input.with_shape(input.shape, CONTIGUOUS if input.strides == CONTIGUOUS else None)


@operator(variadic="dims")
def flip(input: TensorSpec, dims: Any) -> TensorSpec:
    if input.shape is not None:
        axes(dims if isinstance(dims, (tuple, list)) else (dims,), len(input.shape))
    return _copy(input)


@operator
def fliplr(input: TensorSpec) -> TensorSpec:
    if input.shape is not None and len(input.shape) < 2:
        raise Rejected("Input must be >= 2-d.")
    return _copy(input)


@operator
def flipud(input: TensorSpec) -> TensorSpec:
    if input.shape is not None and len(input.shape) < 1:
        raise Rejected("Input must be >= 1-d.")
    return _copy(input)


@operator
def rot90(input: TensorSpec, k: Any = 1, dims: Any = (0, 1)) -> TensorSpec:
    if len(dims) != 2:
        raise Rejected(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.shape is None:
        return input.with_shape(None, None)
    if len(input.shape) < 2:
        raise Rejected(f"expected total dims >= 2, but got total dims = {len(input.shape)}")
    one, other = (axis(d, len(input.shape)) for d in dims)
    if one == other:
        raise Rejected("expected rotation dims to be different")
    if whole(k) % 2 == 0:
        return input.with_shape(input.shape, CONTIGUOUS if input.strides == CONTIGUOUS else None)
    shape = list(input.shape)
    shape[one], shape[other] = shape[other], shape[one]
    return input.with_shape(shape, None)


@operator("Tensor.unfold", only=True, name="unfold_windows")
def unfold_windows(input: TensorSpec, dimension: Any, size: Any, step: Any) -> TensorSpec:
    if input.shape is None:
        return input.with_shape(None, None)
    length, move = whole(size), whole(step)
    place = axis(dimension, len(input.shape))
    shape = input.shape or (1,)
    n = shape[place]
    if length < 0:
        raise Rejected(f"size is {length} but must be >= 0")
    if n < length:
        raise Rejected(f"maximum size for tensor at dimension {place} is {n} but size is {length}")
    if move <= 0:
        raise Rejected(f"step is {move} but must be > 0")
    own = input.element_strides()
    strides = own if own != () else (1,)
    if not input.shape:
        return view(input, (length,), (1,))
    made = (*shape[:place], windows(n, length, move), *shape[place + 1 :], length)
    if strides is None:
        return input.with_shape(made, None)
    steps = (*strides[:place], strides[place] * move, *strides[place + 1 :], strides[place])
    return view(input, made, steps)


def windows(n: Dim, length: int, step: int) -> Dim:
    """How many windows of `length` fit, one every `step`."""
    return (n - length) // step + 1


@explains("unfold_windows")
def _formula(layer: Layer) -> str | None:
    """`⌊(10 − 3)/2⌋ + 1 = 4`."""
    given, args = layer.tensors[0], layer.args
    if not given.shape or not known(*given.shape):
        return None
    n = given.shape[args["dimension"] % len(given.shape)]
    made = windows(n, args["size"], args["step"])
    return f"⌊({n} − {args['size']})/{args['step']}⌋ + 1 = {made}"


@operator
def diagonal(input: TensorSpec, offset: Any = 0, dim1: Any = 0, dim2: Any = 1) -> TensorSpec:
    if input.shape is None:
        return input.with_shape(None, None)
    one, other = axis(dim1, len(input.shape)), axis(dim2, len(input.shape))
    if one == other:
        raise Rejected(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    n = on_diagonal(input.shape[one], input.shape[other], whole(offset))
    strides = input.element_strides()
    rest = [i for i in range(len(input.shape)) if i not in (one, other)]
    shape = [*(input.shape[i] for i in rest), n]
    if strides is None:
        return input.with_shape(shape, None)
    return view(input, shape, [*(strides[i] for i in rest), strides[one] + strides[other]])


def on_diagonal(rows: Dim, columns: Dim, offset: int) -> Dim:
    """Elements on a diagonal of a matrix."""
    a, b = (rows, columns - offset) if offset >= 0 else (rows + offset, columns)
    if not known(a, b):
        return a if a is b else Unknown(max(0, min(guess(a), guess(b))))
    return max(0, min(guess(a), guess(b)))


@operator
def diag(input: TensorSpec, diagonal: Any = 0) -> TensorSpec:
    if input.shape is None:
        return input.with_shape(None)
    offset = whole(diagonal)
    if len(input.shape) == 1:
        n = input.shape[0] + abs(offset)
        return input.with_shape((n, n))
    if len(input.shape) == 2:
        return input.with_shape((on_diagonal(input.shape[0], input.shape[1], offset),))
    raise Rejected(f"diag(): Supports 1D or 2D tensors. Got {len(input.shape)}D")


@operator
def diagflat(input: TensorSpec, offset: Any = 0) -> TensorSpec:
    n = input.numel + abs(whole(offset))
    return input.with_shape((n, n))


@operator
def diag_embed(input: TensorSpec, offset: Any = 0, dim1: Any = -2, dim2: Any = -1) -> TensorSpec:
    if input.shape is None:
        return input.with_shape(None)
    if not input.shape:
        raise Rejected("Dimension specified as -1 but tensor has no dimensions")
    rank = len(input.shape) + 1
    one, other = axis(dim1, rank), axis(dim2, rank)
    if one == other:
        raise Rejected(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    n = input.shape[-1] + abs(whole(offset))
    rest = iter(input.shape[:-1])
    return input.with_shape(n if i in (one, other) else next(rest) for i in range(rank))


@operator
def tril(input: TensorSpec, diagonal: Any = 0) -> TensorSpec:
    return _triangle(input, "tril")


@operator
def triu(input: TensorSpec, diagonal: Any = 0) -> TensorSpec:
    return _triangle(input, "triu")


def _triangle(input: TensorSpec, name: str) -> TensorSpec:
    if input.shape is not None and len(input.shape) < 2:
        raise Rejected(f"{name}: input tensor must have at least 2 dimensions")
    return input.with_shape(input.shape, CONTIGUOUS if input.strides == CONTIGUOUS else None)


@operator
def as_strided(input: TensorSpec, size: Any, stride: Any, storage_offset: Any = None) -> TensorSpec:
    shape, steps = sizes(size), sizes(stride)
    if len(shape) != len(steps):
        raise Rejected(
            f"mismatch in length of strides and shape: {len(steps)} strides, {len(shape)} sizes"
        )
    if any(n < 0 for n in (*shape, *steps)):
        raise Rejected("as_strided: sizes and strides must not be negative")
    return TensorSpec(shape, input.dtype, named(shape, steps))
