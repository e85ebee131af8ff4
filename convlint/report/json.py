"""The findings as one JSON array, with ruff's field names and a few of our own.

`--statistics` gives the counts instead; `--quiet` changes nothing, as there is no summary.
Ruff's fields: https://docs.astral.sh/ruff/settings/#output-format
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from convlint.diagnostic import Diagnostic, Edit, Fix, Label, Location
from convlint.job import Result
from convlint.report import Style


def render(results: Sequence[Result], style: Style) -> str:
    """One array; `[]` where nothing was found."""
    return dumped(records(results, style))


def records(results: Sequence[Result], style: Style) -> list[dict[str, object]]:
    """An object for each finding, or for each rule where statistics are wanted."""
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    return _counts(found) if style.statistics else [_diagnostic(one, style) for one in found]


def dumped(value: object, indent: int | None = 2) -> str:
    """`value` as JSON, in ASCII only, so that no pipe can garble it.

    Half a surrogate pair, which strict readers refuse, becomes a `?`.
    """
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return json.dumps(json.loads(text), indent=indent) + "\n"


def _counts(found: Sequence[Diagnostic]) -> list[dict[str, object]]:
    counts = Counter((one.code, one.name, one.severity.value) for one in found)
    return [
        {"code": code, "name": name, "severity": severity, "count": count}
        for (code, name, severity), count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))
    ]


def _diagnostic(found: Diagnostic, style: Style) -> dict[str, object]:
    return {
        "code": found.code,
        "name": found.name,
        "severity": found.severity.value,
        "message": found.message,
        **_span(found.location, style),
        "url": found.url,
        "fix": found.fix and _fix(found.fix, style),
        "target": found.target,
        "layer": found.layer,
        "input_shapes": list(found.input_shapes),
        "output_shape": found.output_shape,
        "formula": found.formula,
        "related": [_label(label, style) for label in found.related],
        "help": list(found.help),
    }


def _span(where: Location | None, style: Style) -> dict[str, object]:
    if where is None:
        return {"filename": None, "location": None, "end_location": None}
    end = (where.end_row, where.end_column) if where.end_row else (where.row, where.column)
    return {
        "filename": style.path(where.filename),
        "location": {"row": where.row, "column": where.column},
        "end_location": {"row": end[0], "column": end[1]},
    }


def _label(label: Label, style: Style) -> dict[str, object]:
    return {"message": label.message, **_span(label.location, style)}


def _fix(fix: Fix, style: Style) -> dict[str, object]:
    return {
        "applicability": fix.applicability,
        "message": fix.message,
        "edits": [_edit(edit, style) for edit in fix.edits],
    }


def _edit(edit: Edit, style: Style) -> dict[str, object]:
    return {"content": edit.content, **_span(edit.location, style)}
