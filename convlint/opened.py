"""The files that a check has opened: what else would make it say something else."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from convlint.frame import FrameFilter

_FOREIGN: Final = (
    *("/dev/", "/proc/", "/sys/", "/etc/"),
    str(Path(__file__).parents[1] / "rules") + os.sep,  # ours, in a checkout
)
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Opened:
    """The files that are opened from now on, for as long as the process lives.

    C++ opens files unseen, and so does another process; whether a file is there can be asked
    without opening it.
    """

    def __init__(self) -> None:
        self._written: dict[str, bool] = {}
        sys.addaudithook(self._heard)

    def files(self, imported: Collection[str]) -> tuple[str, ...]:
        """Files that were read and not written, of the user's own; those that were not there too.

        Python files are among them where they were run without being imported.

        Args:
            imported: what is not told once more.
        """
        known = FrameFilter()
        caller = getattr(sys.modules.get("__main__"), "__file__", None)
        read = {_source(name) for name, written in self._written.items() if not written}
        read -= {*imported, *sys.path, os.path.abspath(caller or "")}
        return tuple(
            sorted(
                name
                for name in read
                if not name.startswith(_FOREIGN)
                and known.is_own_file(name)
                and not os.path.isdir(name)
            )
        )

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


def _source(name: str) -> str:
    """The source of compiled code; other files as they are."""
    if not name.endswith(".pyc"):
        return name
    try:
        return importlib.util.source_from_cache(name)
    except (NotImplementedError, ValueError):
        return name
