"""Formats of the report: every module of this folder is one, found by its presence.

A format is a module with one function, `render(results, style) -> str`, and its name is the
value of `--output-format`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from convlint.job import Result
from convlint.terminal import printed

_TARGETS: Final = 3
"""Of how many targets the inputs are told that nobody has given."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is wanted: coloured, without a summary, as counts only.

    Paths below `directory` are shown relative to it.
    """

    color: bool = False
    quiet: bool = False
    statistics: bool = False
    directory: Path | None = None

    def path(self, filename: str) -> str:
        """`filename` as it is shown."""
        directory = self.directory or Path.cwd()
        path = Path(filename)
        try:
            return path.relative_to(directory).as_posix()
        except ValueError:
            return path.as_posix()


def formats() -> tuple[str, ...]:
    """The names of all formats."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def render(output_format: str, results: Sequence[Result], style: Style) -> str:
    """The report on `results`."""
    module = importlib.import_module(f"{__name__}.{output_format}")
    return cast(Callable[[Sequence[Result], Style], str], module.render)(results, style)


def called(results: Sequence[Result]) -> Iterator[str]:
    """With what the networks were called whose inputs were not given explicitly."""
    found = [one for one in results if one.inputs]
    for one in found[:_TARGETS]:
        yield f"{printed(one.target)} was called with {printed(one.inputs)}."
    rest = len(found[_TARGETS:])
    if rest:
        yield f"The inputs of {rest} more are listed by: convlint targets"
