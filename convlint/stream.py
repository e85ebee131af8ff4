"""Where the network's code prints: a file that has enough at some time."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MOST: Final = 10**6
_CUT: Final = b"\n... (output cut)\n"


class _Bounded(io.FileIO):
    """The first `MOST` bytes and a word about the rest, which is dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._room = MOST

    def write(self, data: ReadableBuffer) -> int:
        """Claim to have written what is dropped: whoever prints goes on."""
        data = memoryview(data).cast("B")
        if len(data) <= self._room:
            done = super().write(data)
            self._room -= done or 0
            return done
        if self._room >= 0:
            super().write(data[: self._room])
            super().write(_CUT)
            self._room = -1
        return len(data)


def bounded(descriptor: int) -> IO[str]:
    """A text file over `descriptor`, which it leaves open, for at most `MOST` bytes."""
    raw = _Bounded(descriptor)
    return io.TextIOWrapper(io.BufferedWriter(raw), errors="replace", line_buffering=True)
