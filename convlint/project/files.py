"""Which Python files belong to a project."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Final

_FOREIGN: Final = frozenset(
    {"venv", "node_modules", "build", "dist", "site-packages", "__pycache__"}
)


def python_files(folder: Path, exclude: Sequence[str] = ()) -> Iterator[Path]:
    """The `.py` files below a folder, in the order of their names.

    Hidden folders, environments and what a build has left are passed by, and so is what a pattern
    of `exclude` fits: a name, or a path relative to the folder, of a file or a folder.
    """
    patterns = [one.removeprefix("./").rstrip("/") for one in exclude]
    for here, folders, names in os.walk(folder):
        place = PurePosixPath(Path(here).relative_to(folder).as_posix())
        folders[:] = sorted(
            name
            for name in folders
            if not _is_foreign(here, name) and not _is_excluded(place / name, patterns)
        )
        for name in sorted(names):
            if name.endswith(".py") and not _is_excluded(place / name, patterns):
                yield Path(here) / name


def _is_foreign(folder: str, name: str) -> bool:
    if name in _FOREIGN or name.startswith("."):
        return True
    return os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))


def _is_excluded(place: PurePosixPath, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(place.name, one) or fnmatchcase(str(place), one) for one in patterns)
