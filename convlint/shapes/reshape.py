"""The same elements with other sizes: view, reshape, flatten, squeeze.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html
A view or reshape whose numbers do not fit answers with the numbers that arrive (`refit`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.arithmetic.strides import contiguous as is_contiguous
from convlint.arithmetic.strides import reshaped
from convlint.arithmetic.strides import view as view_of
from convlint.dims import Dim, Shape, Unknown, guess, known, multiple, product
from convlint.network import Layer
from convlint.shapes.axes import axes, axis, formatted, sizes
from convlint.shapes.refit import refit
from convlint.shapes.registry import Rejected, explains, lowers, operator
from convlint.tensor import TensorSpec


def inferred(arriving: Shape, wanted: Shape) -> Shape | None:
    """`wanted` with its -1 filled in; None where it certainly does not fit.

    Raises:
        Rejected: sizes that fit nothing.
    """
    holes = [i for i, n in enumerate(wanted) if isinstance(n, int) and n == -1]
    if len(holes) > 1:
        raise Rejected("only one dimension can be inferred")
    for place, n in enumerate(wanted):
        if isinstance(n, int) and n < -1:
            raise Rejected(f"invalid shape dimension {n} at index {place} of shape {wanted}")
    have, want = _without_common(arriving, wanted)
    elements, asked = product(have), product(n for i, n in enumerate(want) if i not in holes)
    if not holes:
        return None if elements != asked else wanted
    if isinstance(asked, int) and asked == 0:
        if isinstance(elements, int) and elements == 0:
            raise Rejected(
                f"cannot reshape tensor of 0 elements into shape {list(wanted)} because the"
                " unspecified dimension size -1 can be any value and is ambiguous"
            )
        return None if isinstance(elements, int) else wanted
    if isinstance(elements, int) and elements % multiple(asked) != 0:
        return None
    filled = elements // asked
    return (*wanted[: holes[0]], filled, *wanted[holes[0] + 1 :])


def _without_common(arriving: Shape, wanted: Shape) -> tuple[list[Dim], list[Dim]]:
    """Both without the unknown sizes that they share, which cancel (1 in their place)."""
    have, want = list(arriving), list(wanted)
    for place, n in enumerate(want):
        if isinstance(n, Unknown):
            for at, own in enumerate(have):
                if own is n:
                    have[at] = want[place] = 1
                    break
    return have, want


def resized(input: TensorSpec, wanted: Shape, copies: bool) -> TensorSpec:
    """`input` with the sizes `wanted`, or with those they should be."""
    if input.shape is None:
        unknown = [Unknown() if isinstance(n, int) and n == -1 else n for n in wanted]
        return input.with_shape(unknown, None)
    shape = inferred(input.shape, wanted)
    if shape is None:
        return input.with_shape(refit(input, wanted))
    strides, _ = reshaped(input, shape, copies)
    return input.with_shape(shape, strides)


@operator(variadic="shape")
def view(input: TensorSpec, shape: Any = (), size: Any = None, dtype: Any = None) -> TensorSpec:
    wanted = as_asked({"shape": shape, "size": size, "dtype": dtype})
    if isinstance(wanted, torch.dtype):
        return _reinterpreted(input, wanted)
    return resized(input, sizes(wanted), copies=False)


def as_asked(args: Any) -> Any:
    """The sizes, or the dtype, that a view was asked for, whatever the spelling."""
    if args["dtype"] is not None:
        return args["dtype"]
    shape = args["shape"] if args["size"] is None else args["size"]
    return shape[0] if len(shape) == 1 and isinstance(shape[0], torch.dtype) else shape


@operator(variadic="shape")
def reshape(input: TensorSpec, shape: Any) -> TensorSpec:
    return resized(input, sizes(shape), copies=True)


@operator
def view_as(input: TensorSpec, other: TensorSpec) -> TensorSpec:
    return resized(input, other.shape, copies=False) if other.shape is not None else _lost(input)


@operator
def reshape_as(input: TensorSpec, other: TensorSpec) -> TensorSpec:
    return resized(input, other.shape, copies=True) if other.shape is not None else _lost(input)


def _lost(input: TensorSpec) -> TensorSpec:
    return input.with_shape(None, None)


def _reinterpreted(input: TensorSpec, dtype: torch.dtype) -> TensorSpec:
    """The same bytes as another dtype."""
    if input.dtype is None or input.shape is None:
        return TensorSpec(None, dtype, None)
    old, new = input.dtype.itemsize, dtype.itemsize
    if old == new:
        return input.with_dtype(dtype)
    if not input.shape:
        raise Rejected(
            f"self.dim() cannot be 0 to view {input.dtype} as {dtype} (different element sizes)"
        )
    last = input.shape[-1]
    made = (*input.shape[:-1], last * old // new)
    strides = input.element_strides()
    if strides is None or not known(*strides):
        return TensorSpec(made, dtype, None)
    if strides[-1] != 1:
        raise Rejected(
            f"self.stride(-1) must be 1 to view {input.dtype} as {dtype} (different element sizes),"
            f" but got {strides[-1]}"
        )
    if isinstance(last, int) and last * old % new != 0:
        raise Rejected(
            f"self.size(-1) must be divisible by {new // old} to view {input.dtype} as {dtype}"
            f" (different element sizes), but got {last}"
        )
    for place, step in enumerate(strides[:-1]):
        if step * old % new != 0:
            raise Rejected(
                f"self.stride({place}) must be divisible by {new // old} to view {input.dtype} as"
                f" {dtype} (different element sizes), but got {step}"
            )
    steps = (*(step * old // new for step in strides[:-1]), 1)
    return view_of(TensorSpec(made, dtype), made, steps)


@operator
def flatten(input: TensorSpec, start_dim: int = 0, end_dim: int = -1) -> TensorSpec:
    if input.shape is None:
        return _lost(input)
    start, end = axis(start_dim, len(input.shape)), axis(end_dim, len(input.shape))
    if not input.shape:
        return input.with_shape((1,))
    if start > end:
        raise Rejected("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end:
        return input
    merged = product(input.shape[start : end + 1])
    shape = (*input.shape[:start], merged, *input.shape[end + 1 :])
    return input.with_shape(shape, reshaped(input, shape, copies=True)[0])


@lowers(nn.Flatten, to="flatten")
def _flatten(module: nn.Flatten, input: TensorSpec) -> dict[str, Any]:
    return {"input": input, "start_dim": module.start_dim, "end_dim": module.end_dim}


@operator
def ravel(input: TensorSpec) -> TensorSpec:
    return input.with_shape((input.numel,))


@operator
def unflatten(input: TensorSpec, dim: Any, sizes: Any, names: Any = None) -> TensorSpec:
    if input.shape is None:
        return _lost(input)
    if not sizes:
        raise Rejected("unflatten: sizes must be non-empty")
    place = axis(dim, len(input.shape))
    if not input.shape:
        raise Rejected("Dimension specified as 0 but tensor has no dimensions")
    held = input.shape[place : place + 1]
    wanted = tuple(sizes)
    parts = inferred(held, wanted)
    if parts is None:
        made = refit(TensorSpec(held), wanted) or (Unknown(),) * len(wanted)
        return input.with_shape((*input.shape[:place], *made, *input.shape[place + 1 :]))
    shape = (*input.shape[:place], *parts, *input.shape[place + 1 :])
    return input.with_shape(shape, reshaped(input, shape, copies=False)[0])


@lowers(nn.Unflatten, to="unflatten")
def _unflatten(module: nn.Unflatten, input: TensorSpec) -> dict[str, Any]:
    return {"input": input, "dim": module.dim, "sizes": tuple(module.unflattened_size)}


@operator
def squeeze(input: TensorSpec, dim: Any = None) -> TensorSpec:
    if input.shape is None:
        return _lost(input)
    if dim is None:
        if any(isinstance(n, Unknown) and n.multiple == 1 for n in input.shape):
            return _lost(input)
        gone = [i for i, n in enumerate(input.shape) if isinstance(n, int) and n == 1]
    else:
        dims = dim if isinstance(dim, (tuple, list)) else (dim,)
        named = axes(dims, len(input.shape))
        if named is None:
            return _lost(input)
        gone = [i for i in named if i < len(input.shape) and _one(input.shape[i])]
    strides = input.element_strides()
    kept = [i for i in range(len(input.shape)) if i not in gone]
    return view_of(input, [input.shape[i] for i in kept], strides and [strides[i] for i in kept])


def _one(n: Dim) -> bool:
    """Whether a side that is to be squeezed away goes; one that is not known is taken to be 1."""
    return n == 1 if isinstance(n, int) else n.multiple == 1


@operator
def unsqueeze(input: TensorSpec, dim: int) -> TensorSpec:
    if input.shape is None:
        return _lost(input)
    rank = len(input.shape)
    place = axis(dim, rank + 1)
    strides = input.element_strides()
    shape = (*input.shape[:place], 1, *input.shape[place:])
    if strides is None:
        return input.with_shape(shape, None)
    step = input.shape[place] * strides[place] if place < rank else 1
    return view_of(input, shape, (*strides[:place], step, *strides[place:]))


@operator
def contiguous(input: TensorSpec, memory_format: Any = torch.contiguous_format) -> TensorSpec:
    if memory_format == torch.contiguous_format and is_contiguous(input):
        return input
    if memory_format == torch.preserve_format:
        raise Rejected("preserve memory format is unsupported by the contiguous operator")
    wanted = formatted(input, memory_format)
    own = input.element_strides()
    if isinstance(wanted, tuple) and own is not None and input.shape is not None:
        pairs = zip(input.shape, own, wanted, strict=True)
        if not any(a != b for n, a, b in pairs if n != 1):
            return input
    if own is None and any(n == 1 for n in (input.shape or ())[1:]):
        # It may have been contiguous but for the stride of such an axis, which is then kept, and
        # for which a convolution may take it for channels-last.
        return input.with_shape(input.shape, None)
    return input.with_shape(input.shape, wanted)


@operator
def clone(input: TensorSpec, memory_format: Any = None) -> TensorSpec:
    return input.with_shape(input.shape, formatted(input, memory_format))


@operator("Tensor.data.__get__")
def detach(input: TensorSpec) -> TensorSpec:
    return input


@operator("Tensor.requires_grad_", only=True)
def requires_grad(input: TensorSpec, requires_grad: bool = True) -> TensorSpec:
    return input


@operator("Tensor.resize_", only=True, variadic="size")
def resize(input: TensorSpec, size: Any) -> TensorSpec:
    shape = sizes(size)
    if any(isinstance(n, int) and n < 0 for n in shape):
        raise Rejected(f"Trying to create tensor with negative dimension: {list(shape)}")
    return input.with_shape(shape)


@explains("view", "reshape", "flatten", "view_as", "reshape_as", "unflatten")
def _formula(layer: Layer) -> str | None:
    """`2 · 16 · 5 · 5 = 800 = 2 · 400`."""
    given, made = layer.tensors[0], layer.outputs[0]
    if not given.known or not made.known or given.shape is None or made.shape is None:
        return None
    before, after = _product(given.shape), _product(made.shape)
    total = guess(product(given.shape))
    return f"{before} = {total} = {after}" if known(*given.shape) else None


def _product(shape: Shape) -> str:
    return " · ".join(str(n) for n in shape) or "1"
