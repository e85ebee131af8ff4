"""How much memory a check may take: the size as it is written, the limit, and signs of its end."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import Final

from convlint.quote import told

_UNITS: Final = ("", "K", "M", "G", "T")
_SIZE: Final = re.compile(rf"(\d+(?:\.\d+)?)\s*([{''.join(_UNITS)}]?)(?:i?B)?", re.IGNORECASE)
_SHARE: Final = 0.5


def parse(text: str) -> int:
    """Bytes: `8G`, `512M`, `1.5GiB` or a plain number; units are powers of 1024.

    Raises:
        ValueError: it is no such size.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no size; write 8G, 512M, bytes, or 0 for no limit")
    return int(float(match[1]) * 1024 ** _UNITS.index(match[2].upper()))


def written(size: int) -> str:
    """A size in bytes, as `parse` reads it, in the largest unit that gives at least 1."""
    power = max(i for i in range(len(_UNITS)) if i == 0 or size >= 1024**i)
    return f"{size / 1024**power:.4g}{_UNITS[power]}" if power else str(size)


def is_limitable() -> bool:
    """Whether the system counts what a process takes: elsewhere RLIMIT_DATA is missing or idle."""
    return sys.platform.startswith("linux")


def half() -> int:
    """Half of the physical memory in bytes; 0 where nothing can be limited."""
    if not is_limitable():
        return 0
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * _SHARE)


def limit(size: int) -> None:
    """Let this process take at most `size` bytes (0: as many as there are).

    What is counted is memory that can be written.  Address space is not: torch reserves much more
    of it than it ever uses.
    """
    if not is_limitable():
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if not size:
        size = hard
    elif soft != resource.RLIM_INFINITY:
        size = min(size, soft)
    with contextlib.suppress(OSError, OverflowError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def is_exhausted(error: BaseException) -> bool:
    """Whether `error` says that there was no memory left; torch's allocator has its own words."""
    if isinstance(error, RuntimeError):
        return "DefaultCPUAllocator" in told(str, error)
    return isinstance(error, MemoryError)
