"""Formats of the report: every module of this folder is one, found by its presence.

A format is a module with one function, `render(results, style) -> str`.  Its name is the value of
`--output-format`, with a hyphen where the module has an underscore.  A module that says
`SHAPES = True` shows the table of shapes, and is given its rows.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final, cast

from convlint import target
from convlint.diagnostic import Diagnostic, Location
from convlint.job import Result
from convlint.terminal import printed

DEFAULT: Final = "text"
"""The format for people."""

_TARGETS: Final = 3
"""Of how many targets the inputs are told that nobody has given."""

_LARGEST: Final = 2**31 - 1
"""Of a line's number: what reads the reports counts with 32 bits."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is wanted: coloured, without a summary, as counts only.

    Paths below `directory` are shown relative to it; what a service reads is relative to the
    `root` of the repository.
    """

    color: bool = False
    quiet: bool = False
    statistics: bool = False
    directory: Path | None = None
    root: Path | None = None

    def path(self, filename: str) -> str:
        """`filename` as it is shown."""
        directory = self.directory or Path.cwd()
        path = Path(filename)
        try:
            return path.relative_to(directory).as_posix()
        except ValueError:
            return path.as_posix()

    def span(self, where: Location) -> Location:
        """`where` for a service: in the repository, counted from 1, no end before its start."""
        start = (_counted(where.row), _counted(where.column))
        end = (_counted(where.end_row), _counted(where.end_column)) if where.end_row else start
        return Location(self._in_repository(where.filename), *start, *max(start, end))

    def _in_repository(self, filename: str) -> str:
        directory = self.directory or Path.cwd()
        path = Path(os.path.normpath(directory / filename))
        try:
            return path.relative_to(self.root or directory).as_posix()
        except ValueError:
            return path.as_posix()


def place(found: Diagnostic) -> Location:
    """Where a finding is; where that cannot be told, the start of its target's file."""
    return found.location or Location(target.file(found.target), 1)


def formats() -> tuple[str, ...]:
    """The names of all formats."""
    return tuple(sorted(one.name.replace("_", "-") for one in pkgutil.iter_modules(__path__)))


def wants_shapes(output_format: str) -> bool:
    """Whether a format shows the rows of the results, which are there only where asked for."""
    if output_format == DEFAULT:  # it shows none, and is imported when there is something to show
        return False
    return bool(getattr(_module(output_format), "SHAPES", False))


def render(output_format: str, results: Sequence[Result], style: Style) -> str:
    """The report on `results`."""
    module = _module(output_format)
    return cast(Callable[[Sequence[Result], Style], str], module.render)(results, style)


def called(results: Sequence[Result]) -> Iterator[str]:
    """With what the networks were called whose inputs were not given explicitly."""
    found = [one for one in results if one.inputs]
    for one in found[:_TARGETS]:
        yield f"{printed(one.target)} was called with {printed(one.inputs)}."
    rest = len(found[_TARGETS:])
    if rest:
        yield f"The inputs of {rest} more are listed by: convlint targets"


def inferred(results: Sequence[Result]) -> Iterator[str]:
    """With what the networks were called whose inputs nobody has given: a guess is always told."""
    for one in results:
        if one.inferred:
            name = f"{printed(one.target)}: " if len(results) > 1 else ""
            yield f"{name}inferred input {printed(one.inferred)}"


def _module(output_format: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{output_format.replace('-', '_')}")


def _counted(number: int) -> int:
    return min(max(number, 1), _LARGEST)
