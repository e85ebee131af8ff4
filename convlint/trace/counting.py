"""Loops over as many steps as a size: the recorded graph holds for this size alone.

`for i in range(x.shape[0])` is recorded step by step, and `range` takes the size without a word,
since it is an int.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from convlint.dims import Unknown
from convlint.trace.size import Size, fixed, plain

if TYPE_CHECKING:
    from convlint.trace.recorder import Recorder

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


class OpenList(list[Any]):
    """A list of which only data tell the number of items: those in it are a guess."""

    def __init__(self, items: list[Any], recorder: Recorder) -> None:
        super().__init__(items)
        self._recorder = recorder

    @property
    def size(self) -> Size:
        """Its length, as far as it is known."""
        return Size(Unknown(super().__len__()), ("data",), self._recorder)

    def __len__(self) -> int:
        return plain(self.size)

    def __reduce__(self) -> tuple[type[list[Any]], tuple[list[Any]]]:
        return list, (list(iter(self)),)
