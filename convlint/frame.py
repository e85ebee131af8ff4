"""Where in the user's code something happens: cheap to remember, resolved only when told."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from itertools import islice
from types import CodeType, FrameType
from typing import Final

from convlint.diagnostic import Location

_OWN: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_ENTRY: Final = _OWN + "lint.py"


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


class FrameFilter:
    """Tells user code from the machinery under it (torch, convlint, the standard library)."""

    def __init__(self) -> None:
        self._known: dict[CodeType, bool] = {}
        torch = sys.modules.get("torch")
        root = [os.path.dirname(os.path.abspath(torch.__file__))] if torch else []  # type: ignore[arg-type]
        stdlib = os.path.dirname(os.path.abspath(os.__file__))
        self._machinery = tuple(p + os.sep for p in root) + (_OWN,)
        self._stdlib = stdlib + os.sep
        self._packages = (os.path.join(stdlib, "site-packages") + os.sep,)

    def is_user(self, code: CodeType) -> bool:
        """Whether `code` was written by the user or a model library."""
        known = self._known.get(code)
        if known is None:
            known = self._known[code] = self._judge(code.co_filename)
        return known

    def _judge(self, filename: str) -> bool:
        if filename.startswith("<"):
            return False
        path = os.path.abspath(filename)
        if path.startswith(self._machinery):
            return False
        return not path.startswith(self._stdlib) or path.startswith(self._packages)

    def _is_entry(self, code: CodeType) -> bool:
        """Whether convlint was entered here: what lies outside is not the network's code."""
        return code.co_filename == _ENTRY

    def user_frames(self, frame: FrameType | None) -> tuple[Frame, ...]:
        """The user's frames from `frame` outwards, innermost first."""
        found = []
        while frame is not None:
            code = frame.f_code
            if self._is_entry(code):
                break
            known = self._known.get(code)
            if known is None:
                known = self.is_user(code)
            if known:
                found.append(Frame(code, frame.f_lasti))
            frame = frame.f_back
        return tuple(found)
