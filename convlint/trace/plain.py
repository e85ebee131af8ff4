"""`int()` and `len()` answer with exact ints, which cannot say that they are only a guess.

Where a network makes a plain number of an unknown size, it is traced again with these in the
globals of the function that did so: what is unknown then stays unknown.
"""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from convlint.trace.arrays import Array
from convlint.trace.counting import OpenList
from convlint.trace.queries import length
from convlint.trace.recorder import Recorder
from convlint.trace.size import Ratio, Size, whole


class _Meta(type):
    """Makes `_Int` pass for `int`."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, int)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, int)

    def __eq__(cls, other: object) -> bool:
        return other is int or other is cls

    def __hash__(cls) -> int:
        return hash(int)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs:
            held = isinstance(args[0], torch.Tensor) or type(args[0]) is Array
            value = args[0].item() if held else args[0]
            return whole(value) if type(value) in (Size, Ratio) else int(value)
        return int(*args, **kwargs)


class _Int(int, metaclass=_Meta):
    """`int`, but a size stays one."""


@contextlib.contextmanager
def keeping(recorder: Recorder) -> Iterator[None]:
    """Let `int` and `len` keep what is known of a size, where that is known to be needed."""

    def len(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return length(recorder, value)
        if isinstance(value, OpenList):
            return value.size
        if type(value) is Array:
            return value.length()
        return builtins.len(value)

    put = [
        (names, name)
        for names in recorder.escapes.values()
        for name, value in (("int", _Int), ("len", len))
        if names.setdefault(name, value) is value
    ]
    try:
        yield
    finally:
        for names, name in put:
            names.pop(name, None)
