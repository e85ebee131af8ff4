"""Frozen dataclasses as JSON, and back: what is read is checked against the fields' types."""

from __future__ import annotations

import functools
import json
from dataclasses import fields, is_dataclass
from enum import Enum
from types import UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

_T = TypeVar("_T")

_PLAIN: Final = (bool, int, float, str, type(None))


class RecordError(ValueError):
    """What was read is no such dataclass."""


def written(value: object) -> bytes:
    """A dataclass as one line of JSON."""
    return json.dumps(_encoded(value), separators=(",", ":")).encode()


def read(kind: type[_T], data: bytes) -> _T:
    """The dataclass `kind` that `data` tells of.

    Raises:
        RecordError: it does not.
    """
    try:
        found: _T = _decoded(kind, json.loads(data))
    except RecordError:
        raise
    except (ValueError, RecursionError) as error:
        raise RecordError(f"no JSON: {error}") from None
    return found


def _encoded(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, tuple):
        return [_encoded(one) for one in value]
    if is_dataclass(value):
        return {one.name: _encoded(getattr(value, one.name)) for one in fields(value)}
    raise TypeError(f"a {type(value).__name__} cannot be recorded")


def _decoded(kind: Any, value: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(_items(get_args(kind), value))
    if get_origin(kind) in (Union, UnionType):
        return _one_of(get_args(kind), value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        if not isinstance(value, dict) or value.keys() != hints.keys():
            raise RecordError(f"no {kind}")
        return kind(**{name: _decoded(hint, value[name]) for name, hint in hints.items()})
    if type(value) is kind:
        return value
    raise RecordError(f"{value!r} is no {kind}")


def _items(kinds: tuple[Any, ...], value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise RecordError(f"{value!r} is no list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return [_decoded(kinds[0], one) for one in value]
    if len(value) != len(kinds):
        raise RecordError(f"{len(value)} values, not {len(kinds)}")
    return [_decoded(kind, one) for kind, one in zip(kinds, value, strict=True)]


def _one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    for kind in kinds:
        try:
            return _decoded(kind, value)
        except ValueError:
            continue
    raise RecordError(f"{value!r} is none of {kinds}")


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
