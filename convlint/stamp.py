"""Short texts that change with what they stand for: a file, a folder, what is installed."""

from __future__ import annotations

import functools
import os
import stat
import sys
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Final

_LARGE: Final = 4 * 2**20
"""Bytes from which on a file's date stands for its content."""

_OURS: Final = Path(__file__).resolve().parent


def of(*words: str) -> str:
    """Of texts, in their order."""
    found = blake2b(digest_size=16)
    for word in words:
        data = word.encode("utf-8", "surrogatepass")
        found.update(b"%d:" % len(data) + data)
    return found.hexdigest()


def of_file(name: str) -> str:
    """Of a file's content; empty where there is no file that can be read."""
    try:
        about = os.stat(name)
        if not stat.S_ISREG(about.st_mode):
            return ""
        if about.st_size > _LARGE:
            return f"{about.st_size} bytes of {about.st_mtime_ns}"
        with open(name, "rb") as stream:
            return blake2b(stream.read(), digest_size=16).hexdigest()
    except (OSError, ValueError):
        return ""


def of_folder(name: str) -> str:
    """Of the names in a folder that can be imported: a new one may hide another module."""
    return of(*sorted(_importable(name)))


def _importable(name: str) -> Iterator[str]:
    try:
        with os.scandir(name) as entries:
            for entry in entries:
                stem, _, suffix = entry.name.partition(".")
                is_module = suffix.endswith(("py", "so", "pyd")) or (not suffix and entry.is_dir())
                if is_module and stem.isidentifier() and stem != "__pycache__":
                    yield entry.name
    except (OSError, ValueError):
        return


@functools.cache
def of_environment() -> str:
    """Of Python, convlint itself, and every installed distribution with its version."""
    return of(
        sys.version,
        sys.platform,
        sys.prefix,
        os.environ.get("PYTHONPATH", ""),
        os.environ.get("CONVLINT_STRICT", ""),
        *_own(),
        *sorted(set(_installed())),
    )


def _own() -> Iterator[str]:
    """Version and source of this convlint; of a checkout, the dates stand for the source."""
    from convlint import __version__

    yield __version__
    if (_OURS / "rules").is_dir():
        return
    for root in (_OURS, _OURS.parent / "rules"):
        for folder, names, files in os.walk(root):
            names[:] = sorted(one for one in names if one != "__pycache__")
            for file in sorted(files):
                about = os.stat(os.path.join(folder, file))
                yield f"{folder}/{file} {about.st_size} {about.st_mtime_ns}"


def _installed() -> Iterator[str]:
    """The names of the folders that installers leave, which have the version in them.

    What comes from a repository or a folder may change and keep its version: the file that tells
    so is written anew when it is installed.
    """
    for folder in dict.fromkeys(sys.path):
        try:
            with os.scandir(folder or ".") as entries:
                for entry in entries:
                    if entry.name.endswith((".dist-info", ".egg-info", ".egg-link")):
                        yield entry.name
                        origin = os.path.join(entry.path, "direct_url.json")
                        if os.path.exists(origin):
                            yield f"{origin} {os.stat(origin).st_mtime_ns}"
        except OSError:
            continue
