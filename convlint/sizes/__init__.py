"""For which sizes of its letters a network works: plain data that goes between processes.

Every module of this folder is a format of `convlint sizes`, found by its presence, with one
function `render(results, style) -> str`.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

from convlint.diagnostic import Location
from convlint.extent import Extent


@dataclass(frozen=True, slots=True)
class Condition:
    """What is said of some letters: `H and W`, `multiples of 32`.

    `sizes` has the sizes of a single letter that were followed and are meant; it is empty where
    several letters hang together.
    """

    letters: tuple[str, ...]
    words: str
    text: str
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Border:
    """Where it fails: for which sizes, at which layer, and how."""

    where: str
    message: str
    code: str
    layer: str
    location: Location | None = None
    share: float = 0.0
    """The part of all combinations that fail so."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The sizes of one letter that were followed; `is_open` where larger ones are meant too."""

    letter: str
    first: int
    last: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Map:
    """What becomes of every combination of two letters; of one, in one row without a letter.

    `cells` has one byte for each, row by row along the first letter: 0 where it works and wastes
    nothing, 1 where it works and something is left unread, 2 where that is not known, and i + 3
    where it fails at `borders[i]`; packed by zlib, as base64.
    """

    letters: tuple[str, str]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    cells: str

    @classmethod
    def of(
        cls, letters: tuple[str, str], rows: tuple[int, ...], columns: tuple[int, ...], cells: bytes
    ) -> Map:
        """The map of plain cells."""
        packed = base64.b64encode(zlib.compress(cells)).decode("ascii")
        return cls(letters, rows, columns, packed)

    def unpacked(self) -> bytes:
        """One byte for each combination."""
        return zlib.decompress(base64.b64decode(self.cells))


@dataclass(frozen=True, slots=True)
class Sizes:
    """The answer of `convlint sizes` for one network."""

    inputs: str
    works: tuple[Condition, ...]
    """All of them hold where it works; none where it works for no size."""
    is_any: bool
    """Whether it works for all sizes."""
    proven: bool
    reasons: tuple[str, ...]
    """Why it is not proven."""
    bounds: tuple[Bound, ...]
    outputs: tuple[str, ...] = ()
    is_general: bool = True
    """Whether the outputs are so for all sizes, in letters; else they are those of `example`."""
    borders: tuple[Border, ...] = ()
    read: tuple[Condition, ...] | None = None
    """Where no row and no column is left unread; None where that is everywhere it works."""
    even: tuple[Condition, ...] | None = None
    """Where the padding is read at both ends alike; None where that is everywhere it works."""
    example: tuple[tuple[str, int], ...] = ()
    """Sizes for which it works."""
    map: Map | None = None
    extent: Extent | None = None
    """The same exactly, for `convlint.lock`."""
