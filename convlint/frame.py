"""Where in the user's code something happens: cheap to remember, resolved only when told."""

from __future__ import annotations

import dis
import functools
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from types import CodeType, FrameType
from typing import Final

from convlint.diagnostic import Location

_OWN: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_ENTRIES: Final = frozenset(
    os.path.join(_OWN, *parts)
    for parts in (("lint.py",), ("trace", "__init__.py"), ("trace", "construct.py"))
)
_HANDING_ON: Final = tuple(
    os.path.join("torch", *parts) for parts in (("_tensor.py",), ("overrides.py",))
)
_INSTALLED: Final = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True)
class Frame:
    """A point of execution: a code object and the offset of its instruction in it."""

    code: CodeType
    lasti: int

    @property
    def location(self) -> Location:
        """The span of the expression that was running (PEP 657 gives its exact columns)."""
        positions = next(islice(self.code.co_positions(), self.lasti // 2, None), None)
        row, end_row, column, end_column = positions or (None, None, None, None)
        row = row or self.code.co_firstlineno
        start = (column or 0) + 1
        end = (end_column + 1) if end_column is not None else start
        filename = os.path.abspath(self.code.co_filename)
        return _characters(Location(filename, row, start, end_row or row, end))

    @property
    def function(self) -> str:
        """Name of the function it is in."""
        return self.code.co_name

    @property
    def caught(self) -> bool:
        """Whether it lies within a `try` that has an `except`."""
        return bool(self.code.co_exceptiontable) and _is_caught(self.code, self.lasti)


@functools.cache
def _is_caught(code: CodeType, offset: int | None) -> bool:
    table = dis._parse_exception_table(code)  # type: ignore[attr-defined]
    for _ in table:  # a handler lies within the range of the one around it
        offset = next((e.target for e in table if e.start <= offset < e.end), None)
        if offset is None:
            return False
        if _excepts(code, offset):
            return True
    return False


def _excepts(code: CodeType, target: int) -> bool:
    """Whether the handler at `target` is an `except`, not the end of a `with` or a `finally`."""
    following = [i.opname for i in dis.get_instructions(code) if i.offset >= target][:24]
    if not following or following[0] != "PUSH_EXC_INFO" or "WITH_EXCEPT_START" in following[:3]:
        return False
    if "CHECK_EXC_MATCH" in following:
        stop = following.index("CHECK_EXC_MATCH")
        return "RERAISE" not in following[:stop]
    return following[1] == "POP_TOP"


def _characters(span: Location) -> Location:
    """PEP 657 counts columns in UTF-8 bytes; a report counts characters."""
    import linecache

    def column(row: int, byte_column: int) -> int:
        line = linecache.getline(span.filename, row).encode()
        return len(line[: byte_column - 1].decode(errors="ignore")) + 1 if line else byte_column

    return Location(
        span.filename,
        span.row,
        column(span.row, span.column),
        span.end_row,
        column(span.end_row, span.end_column),
    )


@dataclass(frozen=True, slots=True)
class Outside:
    """The user's frames outside `frame`: looked up once, while many calls are made inside it."""

    frame: FrameType
    own: list[Frame]
    installed: list[Frame]


class FrameFilter:
    """Tells the user's code from the machinery under it (torch, convlint, the standard library).

    Installed libraries lie between: where a network of theirs is checked, their lines are shown,
    but where the user's own file called them, the user's line is the one to change.
    """

    def __init__(self) -> None:
        # By identity: a code object is hashed by all that is in it.
        self._known: dict[int, tuple[int, CodeType]] = {}
        torch = sys.modules.get("torch")
        root = [os.path.dirname(os.path.abspath(torch.__file__ or ""))] if torch else []
        self._machinery = (*(p + os.sep for p in root), _OWN)
        self._stdlib = os.path.dirname(os.path.abspath(os.__file__)) + os.sep

    def is_user(self, code: CodeType) -> bool:
        """Whether `code` was written by the user or belongs to an installed library."""
        return self._kind(code) > 0

    def _kind(self, code: CodeType) -> int:
        known = self._known.get(id(code))
        if known is None:
            known = self._known[id(code)] = self._judge(code.co_filename), code
        return known[0]

    def _judge(self, filename: str) -> int:
        """2 for the user's own code, 1 for an installed library's, 0 for machinery."""
        path = os.path.abspath(filename)
        if filename.startswith("<") or path.startswith(self._machinery):
            return 0
        if any(f"{os.sep}{name}{os.sep}" in path for name in _INSTALLED):
            return 1
        return 0 if path.startswith(self._stdlib) else 2

    def is_own(self, code: CodeType) -> bool:
        """Whether `code` was written by the user."""
        return self._kind(code) == 2

    def is_between(self, code: CodeType) -> bool:
        """Whether `code` only hands on what the user's code asks of a tensor or a size."""
        return code.co_filename.startswith(_OWN) or code.co_filename.endswith(_HANDING_ON)

    def is_entry(self, code: CodeType) -> bool:
        """Whether convlint was entered here: what lies outside is not the network's code."""
        return code.co_filename in _ENTRIES

    def chain(self, frames: Iterable[Frame]) -> tuple[Frame, ...]:
        """Those of `frames` to be shown, the user's own before those of installed libraries."""
        kept = [(self._kind(f.code), f) for f in frames]
        return (*(f for kind, f in kept if kind == 2), *(f for kind, f in kept if kind == 1))

    def user_frames(
        self, frame: FrameType | None, outside: Outside | None = None
    ) -> tuple[Frame, ...]:
        """The frames from `frame` outwards to where convlint was entered.

        Innermost first, and the user's own before those of installed libraries.

        Args:
            outside: what lies outside a frame that is still running, for it stays the same.
        """
        own, installed = self._split(frame, outside)
        return (*own, *installed)

    def outside(self, frame: FrameType, outside: Outside | None = None) -> Outside:
        """What lies outside `frame`; `outside` as for `user_frames`."""
        return Outside(frame, *self._split(frame.f_back, outside))

    def _split(
        self, frame: FrameType | None, outside: Outside | None
    ) -> tuple[list[Frame], list[Frame]]:
        own: list[Frame] = []
        installed: list[Frame] = []
        stop = outside.frame if outside is not None else None
        while frame is not None:
            if frame is stop:
                assert outside is not None
                return own + outside.own, installed + outside.installed
            code = frame.f_code
            if code.co_filename in _ENTRIES:
                break
            known = self._known.get(id(code))
            kind = self._kind(code) if known is None else known[0]
            if kind == 2:
                own.append(Frame(code, frame.f_lasti))
            elif kind == 1:
                installed.append(Frame(code, frame.f_lasti))
            frame = frame.f_back
        return own, installed
