"""Source lines with the spans of a finding underlined, as rustc shows them."""

from __future__ import annotations

import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.text import Text

from convlint.diagnostic import Location
from convlint.terminal import printed

FRAME = "bold blue"


@dataclass(frozen=True, slots=True)
class Mark:
    """A span to underline with `sign`, and what to write beside it."""

    where: Location
    text: str
    sign: str
    color: str


def snippet(marks: Sequence[Mark], path: Callable[[str], str]) -> tuple[list[Text], int]:
    """The lines of the snippet, and the width of its margin.  The first mark is the finding's."""
    width = max(len(str(mark.where.row)) for mark in marks)
    primary = marks[0]
    files = list(dict.fromkeys(mark.where.filename for mark in marks))
    lines: list[Text] = []
    for filename in files:
        inside = [mark for mark in marks if mark.where.filename == filename]
        source = source_lines(filename)
        head = inside[0]
        arrow = "-->" if head is primary else ":::"
        lines += _file(path(filename), arrow, inside, source, width)
    return lines, width


def _file(
    name: str, arrow: str, marks: Sequence[Mark], source: Sequence[str], width: int
) -> list[Text]:
    margin = Text(" " * width + " |", FRAME)
    visible = [mark for mark in marks if 0 < mark.where.row <= len(source)]
    lines = [_place(name, arrow, marks[0], width, marks[0] not in visible)]
    lines += [_place(name, ":::", mark, width, True) for mark in marks[1:] if mark not in visible]
    if not visible:
        return lines
    lines.append(margin)
    last = 0
    ordered = sorted(visible, key=lambda mark: mark.where.row)
    for row, same in groupby(ordered, key=lambda mark: mark.where.row):
        if last and row == last + 2:  # a gap of one line takes no more room than its dots
            lines.append(_line(last + 1, source[last], width))
        elif last and row > last + 2:
            lines.append(Text("...", FRAME))
        lines.append(_line(row, source[row - 1], width))
        # The finding's own mark first, then from left to right; one line for each.
        for mark in sorted(same, key=lambda mark: (mark.sign != "^", mark.where.column)):
            lines.append(Text.assemble(margin, " ", _underline(mark, source[row - 1])))
        last = row
    return lines


def _place(name: str, arrow: str, mark: Mark, width: int, with_text: bool) -> Text:
    where = f"{printed(name)}:{mark.where.row}:{mark.where.column}"
    text = f": {printed(mark.text)}" if with_text and mark.text else ""
    return Text.assemble(" " * width, (f"{arrow} ", FRAME), where, text)


def _line(row: int, source: str, width: int) -> Text:
    return Text.assemble((f"{row:>{width}} | ", FRAME), printed(source))


def _underline(mark: Mark, line: str) -> Text:
    """The signs below the span, and the text; a span of several lines is cut at its first."""
    where = mark.where
    code = line.rstrip()
    start = where.column - 1
    if where.end_row == where.row and where.end_column > where.column:
        end = where.end_column - 1
    elif where.end_row > where.row:
        end = len(code)
    elif start == 0:  # a line without columns
        start, end = len(line) - len(line.lstrip()), len(code)
    else:
        end = start + 1
    start = max(0, min(start, len(line)))
    length = max(1, cell_len(printed(line[start:end])))
    indent = " " * cell_len(printed(line[:start]))
    text = f" {printed(mark.text)}" if mark.text else ""
    return Text.assemble(indent, (mark.sign * length + text, mark.color))


def source_lines(filename: str) -> list[str]:
    """The lines of a file; none where it cannot be read."""
    try:
        with tokenize.open(filename) as stream:
            return stream.read().split("\n")
    except (OSError, SyntaxError, ValueError):
        return []
