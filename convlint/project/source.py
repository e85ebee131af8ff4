"""A Python file of the project: its text and its syntax tree, made when they are asked for."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from convlint.quote import shorten


class SourceError(Exception):
    """A file that says something which cannot be read; one line that begins with the place."""


class NoPythonError(SourceError):
    """A file that Python cannot read either, and says so to whoever runs it."""


@dataclass(frozen=True)
class Source:
    """A file at `path` below the folder `root`."""

    path: Path
    root: Path

    @cached_property
    def name(self) -> str:
        """How the file is written, relative to the root."""
        return Path(os.path.relpath(self.path, self.root)).as_posix()

    @property
    def is_test(self) -> bool:
        """Whether pytest would collect it."""
        name = self.path.name
        return name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"

    @cached_property
    def module(self) -> tuple[str, ...]:
        """The parts of the dotted name it may be imported by; the last ones may do."""
        place = PurePosixPath(self.name).with_suffix("")
        return place.parts[:-1] if place.name == "__init__" else place.parts

    @cached_property
    def data(self) -> bytes:
        """What the file holds.

        Raises:
            SourceError: it cannot be read.
        """
        try:
            return self.path.read_bytes()
        except FileNotFoundError:  # a link that leads nowhere, as some editors leave
            return b""
        except OSError as error:
            raise SourceError(f"cannot read {self.name}: {error.strerror or error}") from None

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree.

        Raises:
            NoPythonError: there is none.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the user's code, and told when it is run
                return ast.parse(self.data)
        except SyntaxError as error:
            row = f":{error.lineno}" if error.lineno else ""
            reason = shorten(error.msg or "invalid syntax")
            raise NoPythonError(f"{self.name}{row}: syntax error: {reason}") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise NoPythonError(f"{self.name}: {shorten(str(error))}") from None

    def statements(self) -> Iterator[ast.stmt]:
        """The statements of the module's own scope, also those within an `if` or a `try`."""
        yield from flat(self.tree.body)


def flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements with those that stand in them, but for what is in functions and classes."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from flat(getattr(statement, field, []))
        for part in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
            yield from flat(part.body)
