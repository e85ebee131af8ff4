"""Results of earlier runs, kept beside the configuration: what has not changed is not checked.

An entry is a file of JSON.  Its name stands for the job and what is installed; in it are the
result, and stamps of every file that the result depends on.  Whatever is wrong with an entry
or with the folder, the check is made as if there were none.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from convlint import record, stamp
from convlint.diagnostic import Severity
from convlint.job import Job, Result

if TYPE_CHECKING:
    from convlint.rule import Rule

FOLDER: Final = ".convlint_cache"

_T = TypeVar("_T")

_CHECK: Final = "check-"
_RULES: Final = "rules-"
_SUFFIX: Final = ".json"
_OURS: Final = re.compile(rf"({_CHECK}|{_RULES})[0-9a-f]+\.(json|\d+)")
_MOST: Final = 1000
"""How many entries there may be, and on how many files one may depend."""
_LARGEST: Final = 50 * 2**20
_DAY: Final = 24 * 3600.0
_AGE: Final = 30 * _DAY

_BESIDE: Final = {
    ".gitignore": "# Made by convlint.\n*\n",
    "CACHEDIR.TAG": (
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        "# This folder was made by convlint; it may be deleted.\n"
        "# See https://bford.info/cachedir/\n"
    ),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A result, and the files and folders it depends on with their stamps."""

    files: tuple[tuple[str, str], ...]
    folders: tuple[tuple[str, str], ...]
    result: Result

    @property
    def holds(self) -> bool:
        """Whether nothing has changed."""
        return all(stamp.of_folder(name) == known for name, known in self.folders) and all(
            stamp.of_file(name) == known for name, known in self.files
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What selections and comments need to know of a rule."""

    code: str
    name: str
    severity: Severity
    default: bool


@dataclass(frozen=True, slots=True)
class _Catalogue:
    rules: tuple[Known, ...]


class Cache:
    """The entries in `folder`; without one nothing is found and nothing kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._tidied = False

    def get(self, job: Job) -> Result | None:
        """What the check of `job` would give, where that is known."""
        if self._folder is None:
            return None
        name = _name(job)
        entry = self._read(name, Entry)
        if entry is None or not entry.holds:
            return None
        self._touch(name)
        return entry.result

    def put(self, job: Job, result: Result, since: float) -> None:
        """Keep a result, if the next run would come to the same.

        Args:
            since: the time (`time.time`) before the check was begun: files that have changed after
                it may not be those that were read.
        """
        files = {*result.files, *result.opened}
        if self._folder is None or result.unchecked or result.hurried or len(files) > _MOST:
            return
        folders = {os.path.dirname(name) for name in result.files} | set(_roots(job))
        entry = Entry(
            tuple((name, stamp.of_file(name)) for name in sorted(files)),
            tuple((name, stamp.of_folder(name)) for name in sorted(folders)),
            result,
        )
        if not any(_changed(name) >= since for name in files):
            self._write(_name(job), entry)

    def files(self, job: Job) -> tuple[str, ...]:
        """The files on which `job` depended when it was last checked."""
        if self._folder is None:
            return ()
        entry = self._read(_name(job), Entry)
        return tuple(name for name, _ in entry.files) if entry is not None else ()

    def rules(self) -> Sequence[Rule | Known]:
        """The rules, without their code where they have been asked for before: it is much."""
        from convlint.rule import rules

        if self._folder is None:
            return rules()
        name = _RULES + stamp.of_environment()
        found = self._read(name, _Catalogue)
        if found is None:
            found = _Catalogue(tuple(Known(r.code, r.name, r.severity, r.default) for r in rules()))
            self._write(name, found)
        return found.rules

    def _read(self, name: str, kind: type[_T]) -> _T | None:
        assert self._folder is not None
        path = self._folder / f"{name}{_SUFFIX}"
        with contextlib.suppress(OSError, ValueError, MemoryError):
            about = path.stat()
            if stat.S_ISREG(about.st_mode) and about.st_size <= _LARGEST:
                return record.read(kind, path.read_bytes())
        return None

    def _write(self, name: str, value: object) -> None:
        """Put a file there at once and as a whole: others may write and read it meanwhile."""
        assert self._folder is not None
        path = self._folder / f"{name}{_SUFFIX}"
        part = path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError, ValueError, TypeError):
            data = record.written(value)
            self._tidy()
            try:
                part.write_bytes(data)
                os.replace(part, path)
            finally:
                part.unlink(missing_ok=True)

    def _touch(self, name: str) -> None:
        """Tell that an entry is in use, once a day."""
        assert self._folder is not None
        path = self._folder / f"{name}{_SUFFIX}"
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - _DAY:
                os.utime(path)

    def _tidy(self) -> None:
        """Make the folder, and remove what was not used for a month, or longest."""
        assert self._folder is not None
        if self._tidied:
            return
        self._tidied = True
        if not self._folder.exists():  # else it is not ours to say what it is
            self._folder.mkdir(parents=True)
            for name, text in _BESIDE.items():
                (self._folder / name).write_text(text, encoding="utf-8")
        with os.scandir(self._folder) as entries:
            ours = [(one.stat().st_mtime, one.path) for one in entries if _OURS.match(one.name)]
        for place, (used, path) in enumerate(sorted(ours, reverse=True)):
            if place >= _MOST or used < time.time() - _AGE:
                os.unlink(path)


def _name(job: Job) -> str:
    target = job.target
    return _CHECK + stamp.of(
        stamp.of_environment(),
        *_roots(job),
        target.source,
        target.name,
        repr((target.is_file, target.called, target.args, target.kwargs)),
        repr((job.inputs, job.by, job.mode, job.want_shapes, job.want_sizes, job.name, job.dims)),
        repr(job.locked),
        repr([(one.name, str(one)) for one in job.expected]),
        repr((job.selection.select, job.selection.ignore, job.selection.extend_select)),
    )


def _roots(job: Job) -> tuple[str, ...]:
    """The folders in which the target's own modules are looked for first."""
    try:
        here = os.getcwd()
    except OSError:  # it was deleted
        here = ""
    return (job.target.root or here, here)


def _changed(name: str) -> float:
    try:
        about = os.stat(name)
    except OSError:
        return 0.0
    return max(about.st_mtime, about.st_ctime)
