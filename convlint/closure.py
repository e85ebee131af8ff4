"""The files that the code of a target imports, told from their text: nothing is run."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from convlint.load import here, package
from convlint.reads import is_own
from convlint.target import Target

_DOTTED: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")


class Sources:
    """Files that are read once, for the closures of many targets."""

    def __init__(self) -> None:
        self._imports: dict[Path, tuple[tuple[int, tuple[str, ...]], ...]] = {}
        self._elsewhere: dict[str, tuple[Path, ...]] = {}

    def closure(self, target: Target) -> frozenset[Path] | None:
        """The project's own files that `target` imports, its own among them.

        What several folders could answer for is taken from each: rather too much than too little.
        None where the target's own file is not found.
        """
        roots = [Path(one).absolute() for one in here(target)]
        if target.is_file:
            path = Path(os.path.normpath(target.path.absolute()))
            if not path.is_file():
                return None
            root, name = package(path) or (str(path.parent), path.stem)
            roots.insert(0, Path(root))
            pending = [path, *_along(Path(root), name.split("."))]
        else:
            words = target.source.split(".")
            pending = list(self._absolute(words, roots))
            if not pending:
                return frozenset() if _is_installed(words[0]) else None
        found: set[Path] = set()
        while pending:
            path = pending.pop()
            if path not in found:
                found.add(path)
                pending += self._imported(path, roots)
        return frozenset(found)

    def _imported(self, path: Path, roots: Sequence[Path]) -> Iterator[Path]:
        """The files that one file imports itself."""
        if path not in self._imports:
            self._imports[path] = tuple(_imports(path))
        for level, words in self._imports[path]:
            if level:
                yield from _along(path.parents[min(level, len(path.parents)) - 1], words)
            else:
                yield from self._absolute(words, roots)

    def _absolute(self, words: Sequence[str], roots: Sequence[Path]) -> Iterator[Path]:
        own = [file for root in roots for file in _along(root, words)]
        yield from own
        if not own and words:
            for root in self._found_elsewhere(words[0]):
                yield from _along(root, words)

    def _found_elsewhere(self, name: str) -> tuple[Path, ...]:
        """The folders with a module that Python finds outside the project: installed editable."""
        if name not in self._elsewhere:
            self._elsewhere[name] = tuple(_editable(name))
        return self._elsewhere[name]


def _imports(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """What a file imports, wherever it does: level, and the words of the module.

    `from x import y` may mean the module `x.y`, or a name in `x`.  What a YAML file names may stand
    behind any key, for one entry can refer to another.
    """
    if path.suffix in (".yaml", ".yml"):
        with contextlib.suppress(OSError):
            text = path.read_text(encoding="utf-8", errors="replace")
            yield from ((0, tuple(found.split("."))) for found in _DOTTED.findall(text))
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, tuple(alias.name.split("."))) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            words = tuple(node.module.split(".")) if node.module else ()
            yield from ((node.level, (*words, alias.name)) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            name = ast.unparse(node.func).rpartition(".")[2]
            first = node.args[0]
            if name in ("import_module", "__import__") and isinstance(first, ast.Constant):
                text = str(first.value)
                plain = text.lstrip(".")
                yield len(text) - len(plain), tuple(plain.split("."))


def _along(folder: Path, words: Sequence[str]) -> Iterator[Path]:
    """The files of the packages and the module `a.b.c` below a folder, as far as they are there."""
    for word in words:
        inner, file = folder / word, folder / f"{word}.py"
        start = inner / "__init__.py"
        if start.is_file():
            yield start
        elif file.is_file():
            yield file
            return
        elif not inner.is_dir():
            return
        folder = inner


def _editable(name: str) -> Iterator[Path]:
    for place in _places(name):
        if is_own(place):
            yield Path(place).parent


def _is_installed(name: str) -> bool:
    return any(_places(name))


def _places(name: str) -> list[str]:
    """The folders or the file of a top-level module, which is not imported for that."""
    if name in sys.builtin_module_names:
        return []
    with contextlib.suppress(Exception):  # whatever finders are installed
        spec = importlib.util.find_spec(name)
        if spec is not None:
            return list(spec.submodule_search_locations or [str(spec.origin)])
    return []
