"""What came out for several parts of a region, as one: the same sizes, or one or the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convlint.dims import Unknown
from convlint.sweep.grid import Numbers
from convlint.sweep.node import Linear
from convlint.sweep.swept import Quotient, Real, Swept
from convlint.sweep.walk import Walk
from convlint.tensor import TensorSpec


class Different(Exception):
    """Two results are not of one kind: another rank, another layout."""


def merged(walk: Walk, mask: Numbers, new: Any, old: Any) -> Any:
    """`new` where the mask is true, else `old`, with the values at the walk's place.

    Raises:
        Different: they are not of one kind.
    """
    if isinstance(new, TensorSpec) and isinstance(old, TensorSpec):
        return _tensors(walk, mask, new, old)
    if isinstance(new, (tuple, list)):
        if type(old) is not type(new) or len(old) != len(new):
            raise Different
        items = [merged(walk, mask, a, b) for a, b in zip(new, old, strict=True)]
        return items if isinstance(new, list) else _tuple(type(new), items)
    if isinstance(new, Mapping):
        if not isinstance(old, Mapping) or list(new) != list(old):
            raise Different
        return {key: merged(walk, mask, new[key], old[key]) for key in new}
    if _is_size(new) and _is_size(old):
        return _sizes(walk, mask, new, old)
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
    return tuple(items) if kind is tuple else kind(*items)


def _is_size(value: Any) -> bool:
    return type(value) is int or isinstance(value, Swept)


def _sizes(walk: Walk, mask: Numbers, new: Any, old: Any) -> Any:
    function = walk.nodes.either(mask, _function(new), _function(old))
    return Swept(function, walk) if isinstance(function, Linear) else function


def _function(size: Any) -> Linear | int:
    return size.function if isinstance(size, Swept) else int(size)


def _tensors(walk: Walk, mask: Numbers, new: TensorSpec, old: TensorSpec) -> TensorSpec:
    if new.dtype != old.dtype or new.rank != old.rank:
        raise Different
    if type(new.strides) is not type(old.strides):
        raise Different
    shape, strides = old.shape, old.strides
    if new.shape is not None:
        shape = merged(walk, mask, new.shape, old.shape)
    if isinstance(new.strides, tuple):
        strides = merged(walk, mask, new.strides, old.strides)
    return TensorSpec(shape, old.dtype, strides, old.source)
