"""Loops over as many steps as a size: the recorded graph holds for this size alone.

`for i in range(x.shape[0])` is recorded step by step, and `range` takes the size without a word,
since it is an int.
"""

from __future__ import annotations

from typing import Any, Final

from convlint.trace.size import Size, fixed

_RANGE: Final = range


class _Meta(type):
    """Makes `Range` pass for `range`."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _RANGE)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _RANGE)

    def __eq__(cls, other: object) -> bool:
        return other is _RANGE or other is cls

    def __hash__(cls) -> int:
        return hash(_RANGE)

    def __call__(cls, *args: Any) -> range:
        for value in args:
            if type(value) is Size:
                fixed(value)
        return _RANGE(*args)


class Range(metaclass=_Meta):
    """`range`, but a size that it takes is noted as one that the graph depends on."""
