"""Edits put into the text of files, and what that changes as a unified diff."""

from __future__ import annotations

import difflib
import io
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from convlint.diagnostic import Edit, Location
from convlint.fix.lines import Lines


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

    What is inserted at one place stands there in the order of the edits.

    Raises:
        ValueError: two edits overlap, or one lies outside of the text.
    """
    lines = Lines(text)
    try:
        spans = [(*lines.span(e.location), e.content) for e in edits]
    except IndexError:
        raise ValueError("an edit lies behind the end of the text") from None
    parts, last = [], 0
    for start, end, content in sorted(spans, key=lambda span: span[:2]):
        if start < last or not start <= end <= len(text):
            raise ValueError("two edits overlap, or one lies outside of the text")
        parts += [text[last:start], content]
        last = end
    return "".join([*parts, text[last:]])


def written(text: str, edits: Sequence[Edit]) -> Iterator[str]:
    """The lines of `text` that edits write, as they are then; each as one line without margin."""
    after, before = patched(text, edits), Lines(text)
    rows, moved = list(io.StringIO(after, newline="")), 0
    spans = ((edit, *before.span(edit.location)) for edit in edits)
    for edit, start, end in sorted(spans, key=lambda span: span[1:]):
        first = start + moved + (len(edit.content) - len(edit.content.lstrip("\r\n")))
        moved += len(edit.content) - (end - start)
        place = Lines(after).place("", first, max(end + moved, first))
        yield " ".join(row.strip() for row in rows[place.row - 1 : place.end_row])


def by_file(edits: Iterable[Edit]) -> dict[str, list[Edit]]:
    """The edits of every file."""
    found: dict[str, list[Edit]] = {}
    for edit in edits:
        found.setdefault(edit.location.filename, []).append(edit)
    return found


def diff(before: Mapping[str, str], after: Mapping[str, str], names: Mapping[str, str]) -> str:
    """What has changed, as a unified diff that `patch -p1` and `git apply` take.

    Args:
        before: of every file, by its name.
        names: how each file is called, from the folder the diff is applied in.
    """
    parts = []
    for name in sorted(after):
        if before[name] == after[name]:
            continue
        lines = difflib.unified_diff(
            list(io.StringIO(before[name], newline="\n")),  # git knows no other end of a line
            list(io.StringIO(after[name], newline="\n")),
            f"a/{names[name]}",
            f"b/{names[name]}",
        )
        for line in lines:
            parts.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(parts)


def rows(before: str, after: str) -> list[int]:
    """Of every row of `after` (from 0), the row of `before` that it was, or that it is beside."""
    old, new = (list(io.StringIO(text, newline="")) for text in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    found: list[int] = []
    for _, start, end, first, last in matcher.get_opcodes():
        found += (min(start + i, max(end - 1, start)) for i in range(last - first))
    return found


def united(
    first: Iterable[Edit], then: Iterable[Edit], texts: Mapping[str, tuple[str, str]]
) -> tuple[Edit, ...] | None:
    """Edits of the text before, that do what `first` and then `then` do; None where they overlap.

    Those of `first` come first.

    Args:
        texts: of every file that `then` edits, the text before and behind `first`.
    """
    first = tuple(first)
    firsts = by_file(first)
    moved: list[Edit] = []
    for edit in then:
        name = edit.location.filename
        place = _unmoved(edit.location, firsts.get(name, []), *texts[name])
        if place is None:
            return None
        moved.append(Edit(edit.content, place))
    return (*first, *moved)


def _unmoved(place: Location, edits: Sequence[Edit], before: str, behind: str) -> Location | None:
    """Where in the text before the edits stands what is at `place` behind them.

    None where they have written some of it, or it would stand there in another order.
    """
    lines = Lines(before)
    start, end = Lines(behind).span(place)
    moved = 0  # by the edits that come before it
    spans = [(*lines.span(e.location), e.content) for e in edits]
    for begin, stop, content in sorted(spans, key=lambda span: span[:2]):
        first, last = begin + moved, begin + moved + len(content)
        if last <= start:
            moved += len(content) - (stop - begin)
        elif first < end or (first == start == end and begin == stop):
            return None
    return lines.place(place.filename, start - moved, end - moved)
