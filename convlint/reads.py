"""What a check has read that is the user's own: what else would make it say something else."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

_INSTALLED: Final = tuple(f"{os.sep}{n}{os.sep}" for n in ("site-packages", "dist-packages"))
_STDLIB: Final = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_SYSTEM: Final = ("/dev/", "/proc/", "/sys/", "/etc/")
_OURS: Final = Path(os.path.abspath(__file__)).parent
_CALLERS: Final = ("__main__", "__mp_main__")
"""convlint, or what has called it."""

_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def files(before: Collection[str] = (), own: str = "") -> tuple[str, ...]:
    """The Python files that are imported, without installed packages and the standard library.

    Args:
        before: modules that were there before the user's code was run.
        own: the target's file, which is among them even if it could not be imported.
    """
    found = _imported(before) | ({own} if os.path.isfile(own) else set())
    return tuple(sorted(_python(found)))


class Opened:
    """The files that are opened from now on, for as long as the process lives.

    C++ opens files unseen, and so does another process; whether a file is there can be asked
    without opening it.
    """

    def __init__(self) -> None:
        self._written: dict[str, bool] = {}
        sys.addaudithook(self._heard)

    def files(self) -> tuple[str, ...]:
        """Files that were read and not written, of the user's own; those that were not there too.

        Python files and extensions are among them where they were run without being imported.
        """
        read = {_source(name) for name, written in self._written.items() if not written}
        caller = getattr(sys.modules.get("__main__"), "__file__", None)
        own = os.path.abspath(caller) if caller and os.path.isabs(caller) else ""
        imported = _imported()
        others = (read | imported) - {*_python(imported), *sys.path, own}
        return tuple(sorted(n for n in others if is_own(n) and not os.path.isdir(n)))

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open":
            return
        try:
            path, _, flags = arguments
            if not isinstance(path, int):
                name = os.path.abspath(os.fsdecode(path))
                self._written[name] = self._written.get(name, False) or bool(flags & _WRITES)
        except Exception:  # nothing may come of it in the code that opens the file
            pass


def _imported(before: Collection[str] = ()) -> set[str]:
    """The files of modules; some of torch's have a `__file__` that is none."""
    others = {*_CALLERS, *before}
    modules = [module for name, module in list(sys.modules.items()) if name not in others]
    # The disk is asked last: nearly all of the thousands of modules are torch's.
    return {
        os.path.normpath(name)
        for name in map(_file, modules)
        if isinstance(name, str) and os.path.isabs(name) and is_own(name) and os.path.isfile(name)
    }


def _python(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name.endswith(".py"))


def _file(module: object) -> object:
    try:
        return getattr(module, "__file__", None)
    except Exception:  # anything may stand in `sys.modules`
        return None


def _source(name: str) -> str:
    """The source of compiled code; other files as they are."""
    if not name.endswith(".pyc"):
        return name
    try:
        return importlib.util.source_from_cache(name)
    except (NotImplementedError, ValueError):
        return name


def absolute(name: str | os.PathLike[str]) -> str:
    """A path from the root; as it is where the current folder has been deleted."""
    try:
        return os.path.abspath(name)
    except OSError:
        return os.fspath(name)


def is_own(name: str) -> bool:
    """Whether a file or folder is the user's own, and not installed, the system's or ours."""
    path = absolute(name)
    if path.startswith(_foreign(getattr(sys.modules.get("torch"), "__file__", None))):
        return False
    return not any(folder in path for folder in _INSTALLED)


@functools.cache
def _foreign(torch: str | None) -> tuple[str, ...]:
    """How the paths begin of what is not the user's own, where torch's `__file__` is `torch`."""
    ours = (str(_OURS) + os.sep, str(_OURS.parent / "rules") + os.sep)
    installed = (os.path.dirname(torch) + os.sep,) if isinstance(torch, str) else ()
    return (_STDLIB, *ours, *_SYSTEM, *installed)
