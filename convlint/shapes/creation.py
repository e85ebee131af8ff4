"""Tensors out of nothing: zeros, rand, arange, and those like another.

What depends on no input is really computed where it is small; these functions say how large it
is, and stand for it where it is not.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch

from convlint.arithmetic.strides import named
from convlint.dims import Dim, Shape, Unknown, guess, known, product
from convlint.shapes.arguments import convertible
from convlint.shapes.axes import formatted, size, sizes
from convlint.shapes.broadcast import elementwise
from convlint.shapes.index import nested_shape
from convlint.shapes.promotion import dtype_of, promote
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import CONTIGUOUS, TensorSpec


def made(shape: Any, dtype: torch.dtype | None) -> TensorSpec:
    """A new tensor."""
    wanted = sizes(shape)
    for n in wanted:
        if n < 0:
            raise Rejected(f"Trying to create tensor with negative dimension {n}: {list(wanted)}")
    return TensorSpec(wanted, dtype)


def _number_dtype(value: Any) -> torch.dtype | None:
    """The dtype that a number, or the number in a tensor, gives a new tensor."""
    if isinstance(value, TensorSpec):
        if value.dtype is None:
            return None
        return torch.get_default_dtype() if value.dtype.is_floating_point else value.dtype
    return None if isinstance(value, Unknown) else dtype_of(value)


@operator(variadic="size")
def zeros(size: Any, dtype: Any = None) -> TensorSpec:
    return made(size, dtype or torch.get_default_dtype())


@operator(variadic="size")
def ones(size: Any, dtype: Any = None) -> TensorSpec:
    return made(size, dtype or torch.get_default_dtype())


@operator(variadic="size")
def empty(size: Any, dtype: Any = None, memory_format: Any = None) -> TensorSpec:
    tensor = made(size, dtype or torch.get_default_dtype())
    return tensor.with_shape(tensor.shape, formatted(tensor, memory_format))


@operator(variadic="size", random=True)
def rand(size: Any, dtype: Any = None) -> TensorSpec:
    return made(size, _floating(dtype, "rand"))


@operator(variadic="size", random=True)
def randn(size: Any, dtype: Any = None) -> TensorSpec:
    tensor = made(size, dtype or torch.get_default_dtype())
    return tensor if tensor.numel == 0 else tensor.with_dtype(_floating(dtype, "randn"))


def _floating(dtype: Any, name: str) -> torch.dtype:
    found: torch.dtype = dtype or torch.get_default_dtype()
    if not (found.is_floating_point or found.is_complex):
        raise Rejected(f'"{name}" not implemented for {found}')
    return found


@operator
def full(size: Any, fill_value: Any, dtype: Any = None) -> TensorSpec:
    convertible(fill_value, dtype)
    return made(size, dtype or _number_dtype(fill_value))


@operator(random=True)
def randint(low: Any = 0, high: Any = None, size: Any = None, dtype: Any = None) -> TensorSpec:
    if isinstance(high, (tuple, list)):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    _check_range(low, high)
    return made(size, dtype or torch.int64)


def _check_range(low: Any, high: Any) -> None:
    if isinstance(low, int) and isinstance(high, int) and low >= high:
        raise Rejected(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )


@operator(random=True)
def randperm(n: Any, dtype: Any = None) -> TensorSpec:
    return made((n,), dtype or torch.int64)


@operator
def arange(start: Any = 0, end: Any = None, step: Any = 1, dtype: Any = None) -> TensorSpec:
    if end is None:
        start, end = 0, start
    limits: tuple[Any, ...] = (start, end, step)
    if dtype is None:
        dtypes = [_number_dtype(v) for v in limits]
        if all(d is not None for d in dtypes):
            whole = all(d is not None and not d.is_floating_point for d in dtypes)
            dtype = torch.int64 if whole else torch.get_default_dtype()
    if dtype is torch.int64:
        stepped(*limits)  # torch checks the numbers as they are, then counts with whole ones
        limits = tuple(int(v) if isinstance(v, float) else v for v in limits)
    return TensorSpec((stepped(*limits),), dtype)


def stepped(start: Any, end: Any, step: Any) -> Dim:
    """How many numbers there are from `start` up to `end`, one every `step`."""
    if any(isinstance(v, TensorSpec) for v in (start, end, step)):
        return Unknown()
    if isinstance(start, int) and start == 0 and isinstance(step, int) and step == 1:
        if isinstance(end, Unknown):
            return end
    elif any(isinstance(v, Unknown) for v in (start, end, step)):
        if isinstance(step, int) and step > 0 and isinstance(start, int):
            return -((start - size(end)) // step) if isinstance(end, (int, Unknown)) else Unknown()
        return Unknown()
    if step == 0:
        raise Rejected("step must be nonzero")
    if (end < start) if step > 0 else (end > start):
        raise Rejected("upper bound and lower bound inconsistent with step sign")
    if all(isinstance(v, int) for v in (start, end, step)):
        return int(-((start - end) // step))
    return math.ceil((float(end) - float(start)) / float(step))


@operator("range", only=True, name="range")
def closed_range(start: Any = 0, end: Any = None, step: Any = 1, dtype: Any = None) -> TensorSpec:
    if not all(isinstance(v, (int, float)) for v in (start, end, step)):
        return TensorSpec((Unknown(),), dtype)
    if step == 0:
        raise Rejected("step must be nonzero")
    count = math.floor((end - start) / step) + 1
    if count < 1:
        raise Rejected("upper bound and lower bound inconsistent with step sign")
    return TensorSpec((count,), dtype or torch.get_default_dtype())


@operator
def linspace(start: Any, end: Any, steps: Any, dtype: Any = None) -> TensorSpec:
    return _spaced(start, end, steps, dtype)


@operator
def logspace(start: Any, end: Any, steps: Any, base: Any = 10.0, dtype: Any = None) -> TensorSpec:
    return _spaced(start, end, steps, dtype)


def _spaced(start: Any, end: Any, steps: Any, dtype: Any) -> TensorSpec:
    if size(steps) < 0:
        raise Rejected("number of steps must be non-negative")
    limits = any(isinstance(v, complex) for v in (start, end))
    if dtype is None and not limits:
        dtype = torch.get_default_dtype()
    return made((steps,), dtype)


@operator
def eye(n: Any, m: Any = None, dtype: Any = None) -> TensorSpec:
    return made((n, n if m is None else m), dtype or torch.get_default_dtype())


@operator
def scalar_tensor(s: Any, dtype: Any = None) -> TensorSpec:
    return TensorSpec((), dtype or torch.get_default_dtype())


def like(input: TensorSpec, dtype: Any, memory_format: Any) -> TensorSpec:
    """A new tensor with the sizes of another."""
    found = dtype or input.dtype
    return TensorSpec(input.shape, found, formatted(input, memory_format))


@operator
def zeros_like(input: TensorSpec, dtype: Any = None, memory_format: Any = None) -> TensorSpec:
    return like(input, dtype, memory_format)


@operator
def ones_like(input: TensorSpec, dtype: Any = None, memory_format: Any = None) -> TensorSpec:
    return like(input, dtype, memory_format)


@operator
def empty_like(input: TensorSpec, dtype: Any = None, memory_format: Any = None) -> TensorSpec:
    return like(input, dtype, memory_format)


@operator
def full_like(
    input: TensorSpec, fill_value: Any, dtype: Any = None, memory_format: Any = None
) -> TensorSpec:
    convertible(fill_value, dtype or input.dtype)
    return like(input, dtype, memory_format)


@operator(random=True)
def rand_like(input: TensorSpec, dtype: Any = None, memory_format: Any = None) -> TensorSpec:
    return _random_like(input, dtype, memory_format, "rand_like")


@operator(random=True)
def randn_like(input: TensorSpec, dtype: Any = None, memory_format: Any = None) -> TensorSpec:
    return _random_like(input, dtype, memory_format, "randn_like")


def _random_like(input: TensorSpec, dtype: Any, memory_format: Any, name: str) -> TensorSpec:
    none = name == "randn_like" and input.numel == 0
    if (dtype is not None or input.dtype is not None) and not none:
        _floating(dtype or input.dtype, name)
    return like(input, dtype, memory_format)


@operator(random=True)
def randint_like(
    input: TensorSpec, low: Any = 0, high: Any = None, dtype: Any = None,
    memory_format: Any = None,
) -> TensorSpec:  # fmt: skip
    first, last = (0, low) if high is None else (low, high)
    _check_range(first, last)
    if (dtype or input.dtype) is torch.bool and isinstance(last, int) and last > 2:
        raise Rejected("to - 1 is out of bounds for bool")
    return like(input, dtype, memory_format)


@operator(variadic="size")
def new_zeros(input: TensorSpec, size: Any, dtype: Any = None) -> TensorSpec:
    return made(size, dtype or input.dtype)


@operator(variadic="size")
def new_ones(input: TensorSpec, size: Any, dtype: Any = None) -> TensorSpec:
    return made(size, dtype or input.dtype)


@operator(variadic="size")
def new_empty(input: TensorSpec, size: Any, dtype: Any = None) -> TensorSpec:
    return made(size, dtype or input.dtype)


@operator
def new_full(input: TensorSpec, size: Any, fill_value: Any, dtype: Any = None) -> TensorSpec:
    convertible(fill_value, dtype or input.dtype)
    return made(size, dtype or input.dtype)


@operator
def new_tensor(input: TensorSpec, data: Any, dtype: Any = None) -> TensorSpec:
    return _of_data(data, dtype or input.dtype)


@operator
def tensor(data: Any, dtype: Any = None) -> TensorSpec:
    return _of_data(data, dtype)


@operator("asarray")
def as_tensor(data: Any, dtype: Any = None) -> TensorSpec:
    if isinstance(data, TensorSpec) and dtype in (None, data.dtype):
        return data
    return _of_data(data, dtype)


def _of_data(data: Any, dtype: torch.dtype | None) -> TensorSpec:
    """A tensor of given numbers."""
    if isinstance(data, TensorSpec):
        return TensorSpec(data.shape, dtype or data.dtype, formatted(data, None))
    shape = getattr(data, "shape", None)
    if shape is not None:  # a NumPy array or number
        found = getattr(torch, str(getattr(data, "dtype", "")), None)
        return TensorSpec(tuple(shape), dtype or found)
    if not isinstance(data, (list, tuple, range)):
        return TensorSpec((), dtype or _leaf_dtype(data))
    return TensorSpec(nested_shape(data), dtype or _data_dtype(data))


def _data_dtype(data: Any) -> torch.dtype | None:
    found = set()
    for leaf in _leaves(data):
        found.add(leaf.dtype if isinstance(leaf, TensorSpec) else _leaf_dtype(leaf))
    if not found:
        return torch.get_default_dtype()
    if None in found:
        return None
    return functools.reduce(promote, found)


def _leaf_dtype(leaf: Any) -> torch.dtype | None:
    if isinstance(leaf, Unknown):
        return None
    return getattr(torch, str(leaf.dtype), None) if hasattr(leaf, "dtype") else dtype_of(leaf)


def _leaves(data: Iterable[Any]) -> Iterator[Any]:
    for item in data:
        if isinstance(item, (list, tuple, range)):
            yield from _leaves(item)
        else:
            yield item


@operator(variadic="tensors")
def meshgrid(tensors: Any, indexing: Any = None) -> Any:
    if indexing not in (None, "ij", "xy"):
        raise Rejected(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    if any(t.shape is not None and len(t.shape) > 1 for t in tensors):
        raise Rejected("torch.meshgrid: Expected 0D or 1D tensor in the tensor list")
    dtypes = {t.dtype for t in tensors} - {None}
    if len(dtypes) > 1:
        raise Rejected("torch.meshgrid expects all tensors to have the same dtype")
    lengths = [Unknown() if t.shape is None else product(t.shape) for t in tensors]
    turned = indexing == "xy" and len(tensors) > 1
    order = [1, 0, *range(2, len(tensors))] if turned else list(range(len(tensors)))
    shape = tuple(lengths[i] for i in order)
    return tuple(
        TensorSpec(shape, t.dtype, _one_axis(t, order.index(i), shape))
        for i, t in enumerate(tensors)
    )


def _one_axis(tensor: TensorSpec, place: int, shape: Shape) -> Any:
    own = tensor.element_strides()
    if own is None:
        return None
    step: Dim = own[0] if own else 1
    return named(shape, [step if i == place else 0 for i in range(len(shape))])


@operator(variadic="tensors")
def cartesian_prod(tensors: Any) -> TensorSpec:
    if any(t.shape is not None and len(t.shape) != 1 for t in tensors):
        raise Rejected("Expect a 1D vector")
    if len(tensors) == 1:
        only: TensorSpec = tensors[0]
        return only
    if len({t.dtype for t in tensors} - {None}) > 1:
        raise Rejected("torch.meshgrid expects all tensors to have the same dtype")
    lengths = [Unknown() if t.shape is None else t.shape[0] for t in tensors]
    return TensorSpec((product(lengths), len(tensors)), tensors[0].dtype)


@operator
def combinations(input: TensorSpec, r: Any = 2, with_replacement: bool = False) -> TensorSpec:
    if input.shape is not None and len(input.shape) != 1:
        raise Rejected("Expect a 1D vector")
    n: Dim = Unknown() if input.shape is None else input.shape[0]
    if not isinstance(n, int) or not isinstance(r, int):
        return input.with_shape((Unknown(), r if isinstance(r, int) else Unknown()))
    if r < 0:
        raise Rejected(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.with_shape((0,))
    return input.with_shape((math.comb(n + r - 1, r) if with_replacement else math.comb(n, r), r))


@operator
def tril_indices(row: Any, col: Any, offset: Any = 0, dtype: Any = None) -> TensorSpec:
    return _triangle(row, col, offset, dtype, lower=True)


@operator
def triu_indices(row: Any, col: Any, offset: Any = 0, dtype: Any = None) -> TensorSpec:
    return _triangle(row, col, offset, dtype, lower=False)


def _triangle(row: Any, col: Any, offset: Any, dtype: Any, lower: bool) -> TensorSpec:
    if not known(row, col, offset):
        return TensorSpec((2, Unknown()), dtype or torch.int64)
    if row < 0 or col < 0:
        raise Rejected("row and col must be non-negative")
    count = sum(min(max(i + 1 + offset, 0), col) for i in range(guess(row)))
    if not lower:
        count = row * col - sum(min(max(i + offset, 0), col) for i in range(guess(row)))
    return TensorSpec((2, count), dtype or torch.int64)


@operator(random=True)
def bernoulli(input: TensorSpec, p: Any = None) -> TensorSpec:
    # Drawn over a copy whose order in memory follows rules of its own.
    return TensorSpec(input.shape, input.dtype, CONTIGUOUS if input.strides == CONTIGUOUS else None)


@operator("_standard_gamma", only=True, random=True)
def standard_gamma(input: TensorSpec) -> TensorSpec:
    return TensorSpec(input.shape, _drawable(input, "gamma"))


@operator("_sample_dirichlet", only=True, random=True)
def sample_dirichlet(input: TensorSpec) -> TensorSpec:
    return TensorSpec(input.shape, _drawable(input, "dirichlet"))


def _drawable(input: TensorSpec, name: str) -> torch.dtype | None:
    if input.dtype is not None and not input.dtype.is_floating_point:
        raise Rejected(f'"{name}" not implemented for {input.dtype}')
    return input.dtype


@operator(random=True)
def multinomial(input: TensorSpec, num_samples: Any, replacement: bool = False) -> TensorSpec:
    if input.shape is None:
        return TensorSpec(None, torch.int64)
    if len(input.shape) not in (1, 2):
        raise Rejected("prob_dist must be 1 or 2 dim")
    if input.dtype is not None and not input.dtype.is_floating_point:
        raise Rejected(f"multinomial only supports floating-point dtypes, got: {input.dtype}")
    count = size(num_samples)
    if count <= 0:
        raise Rejected("cannot sample n_sample <= 0 samples")
    if not replacement and count > input.shape[-1]:
        raise Rejected("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    return TensorSpec((*input.shape[:-1], count), torch.int64)


@operator("normal", only=True, random=True)
def normal(mean: Any, std: Any = 1.0, size: Any = None, dtype: Any = None) -> TensorSpec:
    if size is not None:
        return made(size, dtype or torch.get_default_dtype())
    tensors = [t for t in (mean, std) if isinstance(t, TensorSpec)]
    if not tensors:
        raise Rejected("normal() needs a size or a tensor")
    return elementwise(tensors[0].dtype, *tensors)


for _name in ("uniform", "exponential", "geometric", "cauchy", "log_normal", "random"):
    operator(f"Tensor.{_name}_", only=True, name=f"{_name}_", random=True)(
        lambda input, one=None, other=None, **numbers: input
    )
operator("Tensor.normal_", only=True, name="normal_", random=True)(
    lambda input, mean=0, std=1, **numbers: input
)


@operator
def fill(input: TensorSpec, value: Any) -> TensorSpec:
    if isinstance(value, TensorSpec) and value.shape:
        raise Rejected(
            "fill_ only supports 0-dimension value tensor but got tensor with"
            f" {len(value.shape)} dimensions."
        )
    convertible(value, input.dtype)
    return input.with_shape(input.shape, CONTIGUOUS if input.strides == CONTIGUOUS else None)


@operator
def zero(input: TensorSpec) -> TensorSpec:
    return input


@operator("Tensor.copy_", only=True, name="copy_")
def copied(input: TensorSpec, src: TensorSpec) -> TensorSpec:
    if input.shape is not None and src.shape is not None:
        pairs = zip(reversed(src.shape), reversed(input.shape), strict=False)
        if len(src.shape) > len(input.shape) or any(s != 1 and s != n for s, n in pairs):
            raise Rejected(
                f"output with shape {input} doesn't match the broadcast shape: {src} cannot be"
                " copied into it"
            )
    return input
