"""Which lines of the user's own functions run: watched only where the code decides anything.

Python's own trace function would be called for every function of torch and of convlint as well.
So it is taken away wherever a call of the user's code has come to us, and put back behind it.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import time
from collections.abc import Callable, Iterator
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from torch import nn

from convlint.frame import FrameFilter
from convlint.trace.bytecode import branches, rows_to_see

_PAUSES: Final = sys.version_info < (3, 12)
"""Since then, to switch it makes Python go through all code that runs once more."""


class Expired(BaseException):
    """The path has taken too long."""


class Watch(contextlib.AbstractContextManager["Watch"]):
    """Collects the lines that run while it is entered, over all that is traced within.

    Nothing is collected while another trace function is at work (a debugger, coverage.py).
    """

    def __init__(self) -> None:
        self.deadline: float | None = None
        """The time (`time.monotonic`) at which what runs is ended with `Expired`."""
        self.hurried = False
        """Whether something was ended so, or not begun."""
        self.active = False
        self._filter = FrameFilter()
        self._codes: dict[int, CodeType] = {}
        self._rows: dict[int, set[int]] = {}
        self._known: dict[int, Any] = {}
        self._complete: set[int] = set()
        """Functions of which all lines have run: nothing more is learnt of them."""

    def __enter__(self) -> Watch:
        self.active = sys.gettrace() is None
        if self.active:
            sys.settrace(self._called)
        return self

    def __exit__(self, *exception: object) -> None:
        if self.active:
            sys.settrace(None)
        self.active = False

    def pausing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, which is not watched."""
        if not _PAUSES:
            return function

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not self.active:
                return function(*args, **kwargs)
            sys.settrace(None)
            try:
                return function(*args, **kwargs)
            finally:
                sys.settrace(self._called)

        return call

    def _called(self, frame: FrameType, event: str, argument: Any) -> Any:
        number = id(frame.f_code)
        try:
            on_line = self._known[number]
        except KeyError:
            return self._meet(frame.f_code)
        return None if number in self._complete and self.deadline is None else on_line

    def _meet(self, code: CodeType) -> Any:
        """What is called for the lines of a function that runs for the first time."""
        self._codes[id(code)] = code  # kept: it is known by its identity
        on_line = None
        if self._filter.is_own(code):
            rows = self._rows.setdefault(id(code), set())
            on_line = self._collecting(code, rows)
        self._known[id(code)] = on_line
        return on_line

    def _collecting(self, code: CodeType, rows: set[int]) -> Any:
        written = _written(code)

        def on_line(frame: FrameType, event: str, argument: Any) -> Any:
            rows.add(frame.f_lineno)
            if event == "return" and rows >= written:
                self._complete.add(id(code))
            if self.deadline is not None and time.monotonic() > self.deadline:
                self.hurried = True
                raise Expired
            return on_line

        return on_line

    @property
    def has_watched(self) -> bool:
        """Whether anything was collected."""
        return bool(self._known)

    def rows(self) -> dict[int, frozenset[int]]:
        """The lines that have run so far, by the `id` of a function's code."""
        return {number: frozenset(rows) for number, rows in self._rows.items()}

    def unseen(self) -> Iterator[tuple[CodeType, frozenset[int]]]:
        """The lines that have not run, of every function that has; none where all have."""
        for number, rows in self._rows.items():
            code = self._codes[number]
            left = _written(code) - rows
            yield code, rows_to_see(code) & left if left else frozenset()


def _written(code: CodeType) -> frozenset[int]:
    """The lines with bytecode of a function, without that of its `def`."""
    rows = {row for _, _, row in code.co_lines() if row is not None}
    return frozenset(rows - {code.co_firstlineno})


def decides(module: nn.Module) -> bool:
    """Whether the user's code that `module` may run has a branch.

    Followed by name, from every `forward`: methods of the class, and functions of the files.
    """
    filter_ = FrameFilter()
    done: set[tuple[FunctionType, type]] = set()
    pending = [(getattr(kind, "forward", None), kind) for kind in set(map(type, module.modules()))]
    while pending:
        found, kind = pending.pop()
        function = _plain(found)
        if function is None or (function, kind) in done:
            continue
        done.add((function, kind))
        if not filter_.is_own(function.__code__):
            continue
        codes = list(_nested(function.__code__))
        if any(map(branches, codes)):
            return True
        names = {name for code in codes for name in code.co_names}
        pending += [(found, kind) for found in _called(function, names, kind)]
    return False


def _called(function: FunctionType, names: set[str], kind: type) -> Iterator[Any]:
    """What the names in a function may stand for."""
    for name in names:
        with contextlib.suppress(Exception):  # a descriptor of the user's
            yield getattr(kind, name, None)
        found = function.__globals__.get(name)
        if isinstance(found, ModuleType):
            yield from (vars(found).get(other) for other in names)
        else:
            yield found


def _plain(value: Any) -> FunctionType | None:
    """The function behind a method, a property or a decorator."""
    if isinstance(value, property):
        value = value.fget
    value = getattr(value, "__func__", value) if isinstance(value, MethodType) else value
    for _ in range(8):
        if not isinstance(value, (FunctionType, functools._lru_cache_wrapper)):
            return None
        if "__wrapped__" not in value.__dict__:
            break
        value = value.__dict__["__wrapped__"]
    return value if isinstance(value, FunctionType) else None


def _nested(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of what is written within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
