"""The Reviewdog Diagnostic Format: reviewdog makes comments of a review and suggestions of it.

Its columns count bytes of UTF-8, so the source lines are read where a column is past the first.
Paths are relative to the working directory, from which reviewdog is run too.  `--statistics` and
`--quiet` change nothing: there is no room for counts.

https://github.com/reviewdog/reviewdog/tree/master/proto/rdf
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from convlint.diagnostic import Diagnostic, Edit, Location
from convlint.job import Result
from convlint.report import Style, place
from convlint.report.json import dumped
from convlint.snippet import source_lines


def render(results: Sequence[Result], style: Style) -> str:
    """One `DiagnosticResult`."""
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    diagnostics = [_diagnostic(one, style) for one in found]
    return dumped({"source": {"name": "convlint"}, "diagnostics": diagnostics})


def _diagnostic(found: Diagnostic, style: Style) -> dict[str, Any]:
    lines = [found.message]
    lines += [f"formula: {found.formula}"] if found.formula else []
    lines += [f"note: {one}" for one in found.note] + [f"help: {one}" for one in found.help]
    related = [
        {"message": label.message, "location": _location(label.location, style)}
        for label in found.related
    ]
    return {
        "message": "\n".join(lines),
        "location": _location(place(found), style),
        "severity": found.severity.value.upper(),
        "code": {"value": found.code} | ({"url": found.url} if found.url else {}),
        "suggestions": [
            {"range": _range(edit.location, style), "text": edit.content} for edit in _edits(found)
        ],
        "related_locations": related,
    }


def _edits(found: Diagnostic) -> tuple[Edit, ...]:
    """The edits of the fix; none where one is of another file, which a suggestion cannot name."""
    edits = found.fix.edits if found.fix else ()
    here = found.location and found.location.filename
    return edits if all(edit.location.filename == here for edit in edits) else ()


def _location(where: Location, style: Style) -> dict[str, Any]:
    return {"path": style.path(where.filename), "range": _range(where, style)}


def _range(where: Location, style: Style) -> dict[str, Any]:
    span = style.span(_in_bytes(where))
    return {
        "start": {"line": span.row, "column": span.column},
        "end": {"line": span.end_row, "column": span.end_column},
    }


def _in_bytes(where: Location) -> Location:
    if max(where.column, where.end_column) <= 1:
        return where
    lines = source_lines(where.filename)

    def column(row: int, count: int) -> int:
        before = lines[row - 1][: count - 1] if 0 < row <= len(lines) and count > 0 else ""
        return count + len(before.encode("utf-8", "replace")) - len(before)

    start, end = column(where.row, where.column), column(where.end_row, where.end_column)
    return replace(where, column=start, end_column=end)
