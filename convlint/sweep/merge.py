"""What came out for several parts of a region, as one: the same sizes, or one or the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from convlint.arithmetic.strides import named
from convlint.dims import Unknown
from convlint.sweep.grid import Numbers
from convlint.sweep.node import Linear, Sides
from convlint.sweep.swept import Quotient, Real, Swept
from convlint.sweep.walk import Walk
from convlint.tensor import TensorSpec


class Joined(tuple[Any, ...]):
    """The strides of a tensor that is contiguous for some candidates."""

    __slots__ = ()


class Different(Exception):
    """Two results are not of one kind: another rank, another layout."""


def merged(walk: Walk, sides: Sides, new: Any, old: Any) -> Any:
    """`new` on the left side, `old` on the right one, with the values at the walk's place.

    Raises:
        Different: they are not of one kind.
    """
    if isinstance(new, TensorSpec) and isinstance(old, TensorSpec):
        return _tensors(walk, sides, new, old)
    if isinstance(new, (tuple, list)):
        if type(old) is not type(new) or len(old) != len(new):
            raise Different
        items = [merged(walk, sides, a, b) for a, b in zip(new, old, strict=True)]
        return items if isinstance(new, list) else _tuple(type(new), items)
    if isinstance(new, Mapping):
        if not isinstance(old, Mapping) or list(new) != list(old):
            raise Different
        return {key: merged(walk, sides, new[key], old[key]) for key in new}
    if _is_size(new) and _is_size(old):
        return _sizes(walk, sides, new, old)
    if isinstance(new, Unknown) and isinstance(old, Unknown):
        return new if new is old else Unknown(new.guess)
    if isinstance(new, (Quotient, Real)) or isinstance(old, (Quotient, Real)):
        raise Different
    try:
        same = type(new) is type(old) and bool(new == old)
    except Exception:  # whatever the user's constants do when they are compared
        same = False
    if new is not old and not same:
        raise Different
    return old


def _tuple(kind: type, items: list[Any]) -> Any:
    return kind(*items) if hasattr(kind, "_fields") else kind(items)


def _is_size(value: Any) -> bool:
    return type(value) is int or isinstance(value, Swept)


def _sizes(walk: Walk, sides: Sides, new: Any, old: Any) -> Any:
    function = walk.nodes.either(sides, _function(new), _function(old))
    return Swept(function, walk) if isinstance(function, Linear) else function


def _function(size: Any) -> Linear | int:
    return size.function if isinstance(size, Swept) else int(size)


def _tensors(walk: Walk, sides: Sides, new: TensorSpec, old: TensorSpec) -> TensorSpec:
    if new.dtype != old.dtype or new.rank != old.rank:
        raise Different
    if (new.strides is None) is not (old.strides is None):
        raise Different
    shape, strides = old.shape, old.strides
    if new.shape is not None:
        shape = merged(walk, sides, new.shape, old.shape)
    if isinstance(new.strides, tuple) or isinstance(old.strides, tuple):
        steps = merged(walk, sides, _steps(walk, sides.left, new), _steps(walk, sides.right, old))
        is_one_kind = type(new.strides) is type(old.strides) is tuple
        strides = steps if is_one_kind else Joined(steps)
    return TensorSpec(shape, old.dtype, strides, old.source)


def _steps(walk: Walk, mask: Numbers, tensor: TensorSpec) -> tuple[Any, ...]:
    """The strides of a tensor for the candidates of `mask`.

    `TensorSpec.element_strides` asks whether a size is 0, and only one place would answer.
    """
    if isinstance(tensor.strides, tuple):
        return tensor.strides
    if tensor.shape is None:
        raise Different
    found: list[Any] = []
    step: Any = 1
    for size in reversed(tensor.shape):
        found.append(step)
        step = step * _at_least_one(walk, mask, size)
    return tuple(reversed(found))


def _at_least_one(walk: Walk, mask: Numbers, size: Any) -> Any:
    if not isinstance(size, Swept):
        return 1 if isinstance(size, int) and size == 0 else size
    values = size.function.array()
    empty = mask & (values == 0)
    if not empty.any():
        return size
    return _sizes(walk, Sides(empty, mask & (values != 0)), 1, size)


def named_anew(value: Any) -> Any:
    """Strides that were joined, by their name where they are row-major."""
    if isinstance(value, TensorSpec):
        if isinstance(value.strides, Joined) and value.shape is not None:
            return replace(value, strides=named(value.shape, value.strides))
        return value
    if isinstance(value, (tuple, list)) and any(map(_is_joined, value)):
        items = [named_anew(item) for item in value]
        return items if isinstance(value, list) else _tuple(type(value), items)
    if isinstance(value, dict):
        return {key: named_anew(item) for key, item in value.items()}
    return value


def _is_joined(value: Any) -> bool:
    if isinstance(value, TensorSpec):
        return isinstance(value.strides, Joined)
    return isinstance(value, (tuple, list)) and any(map(_is_joined, value))
