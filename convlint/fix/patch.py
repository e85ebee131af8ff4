"""Edits put into the text of files, and what that changes as a unified diff."""

from __future__ import annotations

import bisect
import difflib
import io
import re
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from convlint.diagnostic import Edit, Location


class PatchError(Exception):
    """A file that cannot be edited; the text is one line."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: its bytes and what they say."""

    path: Path
    content: bytes
    encoding: str

    @property
    def text(self) -> str:
        """The text, with its line ends as they are."""
        return self.content.decode(self.encoding)

    def encoded(self, text: str) -> bytes:
        """`text` as bytes, in the encoding of the file.

        Raises:
            PatchError: it has characters that the encoding has not.
        """
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise PatchError(f"cannot write {self.path}: {error}") from None


def read(path: Path) -> Source:
    """A file of Python code.

    Raises:
        PatchError: it cannot be read, or is in another encoding than it says.
    """
    try:
        content = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        source = Source(path, content, encoding)
        _ = source.text
    except OSError as error:
        raise PatchError(f"cannot read {path}: {error.strerror or error}") from None
    except (SyntaxError, UnicodeDecodeError) as error:
        raise PatchError(f"cannot read {path}: {error}") from None
    return source


def patched(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all edits; places are those of the text before any of them.

    Raises:
        ValueError: two edits overlap, or one lies outside of the text.
    """
    starts = _starts(text)
    try:
        spans = sorted((*_span(e.location, starts), e.content) for e in edits)
    except IndexError:
        raise ValueError("an edit lies behind the end of the text") from None
    parts, last = [], 0
    for start, end, content in spans:
        if start < last or not start <= end <= len(text):
            raise ValueError("two edits overlap, or one lies outside of the text")
        parts += [text[last:start], content]
        last = end
    return "".join([*parts, text[last:]])


def by_file(edits: Iterable[Edit]) -> dict[str, list[Edit]]:
    """The edits of every file."""
    found: dict[str, list[Edit]] = {}
    for edit in edits:
        found.setdefault(edit.location.filename, []).append(edit)
    return found


def diff(before: Mapping[str, str], after: Mapping[str, str], names: Mapping[str, str]) -> str:
    """What has changed, as a unified diff that `patch -p1` and `git apply` take.

    Args:
        names: how each file is called, from the folder the diff is applied in.
    """
    parts = []
    for name in sorted(after):
        if before[name] == after[name]:
            continue
        lines = difflib.unified_diff(
            before[name].splitlines(keepends=True),
            after[name].splitlines(keepends=True),
            f"a/{names[name]}",
            f"b/{names[name]}",
        )
        for line in lines:
            parts.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(parts)


def united(
    first: Iterable[Edit], then: Iterable[Edit], texts: Mapping[str, tuple[str, str]]
) -> tuple[Edit, ...] | None:
    """Edits of the text before, that do what `first` and then `then` do; None where they overlap.

    Args:
        texts: of every file, the text before and behind `first`.
    """
    firsts, thens = by_file(first), by_file(then)
    found: list[Edit] = []
    for name, (before, behind) in texts.items():
        own = firsts.get(name, [])
        found += own
        for edit in thens.get(name, []):
            spot = _unmoved(edit.location, own, before, behind)
            if spot is None:
                return None
            found.append(Edit(edit.content, spot))
    return tuple(found)


def _unmoved(place: Location, edits: Sequence[Edit], before: str, behind: str) -> Location | None:
    """Where in the text before the edits stands what is at `place` behind them."""
    starts, then = _starts(before), _starts(behind)
    spans = sorted((*_span(e.location, starts), e.content) for e in edits)

    def back(offset: int) -> int | None:
        moved = 0
        for start, end, content in spans:
            if offset < start + moved:
                break
            if offset < start + moved + len(content):
                return None
            moved += len(content) - (end - start)
        return offset - moved

    start, end = (back(offset) for offset in _span(place, then))
    if start is None or end is None or end < start:
        return None
    if any(start < stop and begin < end for begin, stop, _ in spans):
        return None
    return Location(place.filename, *_point(start, starts), *_point(end, starts))


def _starts(text: str) -> list[int]:
    """Where the lines begin."""
    return [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text))]


def _span(place: Location, starts: Sequence[int]) -> tuple[int, int]:
    return (
        starts[place.row - 1] + place.column - 1,
        starts[place.end_row - 1] + place.end_column - 1,
    )


def _point(offset: int, starts: Sequence[int]) -> tuple[int, int]:
    row = bisect.bisect_right(starts, offset)
    return row, offset - starts[row - 1] + 1
