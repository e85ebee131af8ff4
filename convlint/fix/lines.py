"""The lines of a text as Python counts them: places as offsets, and offsets as places."""

from __future__ import annotations

import bisect
import re

from convlint.diagnostic import Location


class Lines:
    """Where the lines of a text begin; form feeds and the like end none."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text))]

    def span(self, place: Location) -> tuple[int, int]:
        """The offsets of both ends of a place.

        Raises:
            IndexError: there are fewer lines.
        """
        return (
            self.starts[place.row - 1] + place.column - 1,
            self.starts[place.end_row - 1] + place.end_column - 1,
        )

    def place(self, filename: str, start: int, end: int) -> Location:
        """The place between two offsets."""
        return Location(filename, *self._point(start), *self._point(end))

    def _point(self, offset: int) -> tuple[int, int]:
        row = bisect.bisect_right(self.starts, offset)
        return row, offset - self.starts[row - 1] + 1
