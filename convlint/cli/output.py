"""What is written: the report, and a line on stderr."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

import click

from convlint.cli.status import Failure

if TYPE_CHECKING:
    from convlint.report import Style

UNCONCERNED: Final = "No target imports these files.\n"
"""The report where files were given, and none of the configured targets has to do with them."""


def style(
    *, color: str, quiet: bool, output_file: Path | None, statistics: bool = False, **_: Any
) -> Style:
    """How the options ask for the report."""
    from convlint import repository, terminal
    from convlint.report import Style

    colored = terminal.wants_color(color, None if output_file else sys.stdout)
    return Style(colored, quiet, statistics, root=repository.root(Path.cwd()))


def emit(text: str | bytes, file: Path | None = None, color: bool = False) -> None:
    """Write a report.  A reader that has gone away is not worth a word."""
    if file is not None:
        from convlint import atomic

        written(file, lambda: atomic.write(file, text))
        return
    try:
        _encodable(sys.stdout)
        click.echo(text, nl=False, color=color)
        sys.stdout.flush()
    except BrokenPipeError:
        # Else Python complains when it flushes at its end.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def written(file: Path, write: Callable[[], None]) -> None:
    """Write to `file`; that it cannot be written is one line, and status 2."""
    try:
        write()
    except OSError as error:
        raise Failure(f"cannot write {file}: {error.strerror or error}") from None


def say(text: str) -> None:
    """Write one line to stderr."""
    with contextlib.suppress(OSError, ValueError):
        _encodable(sys.stderr)
        click.echo(f"convlint: {' '.join(text.split())}", err=True)


def _encodable(stream: IO[str]) -> None:
    """Let a terminal that knows no `⌊` show a `?` for it."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        cast(Any, stream).reconfigure(errors="replace")
