"""The report for reviewdog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given

from convlint import report
from convlint.diagnostic import Edit, Fix, Location
from convlint.job import Result
from convlint.report import Style
from tests.report.drawn import results, styles
from tests.report.examples import FULL, HERE, PLACELESS, ROOT, real
from tests.report.schema import validated
from tests.sampling import sampled


def _diagnostics(*found: Result, style: Style | None = None) -> Any:
    text = report.render("rdjson", found, style or Style(directory=HERE))
    return validated(text, "rdjson")["diagnostics"]


def _range(row: int, column: int, end_row: int, end_column: int) -> object:
    start = {"line": row, "column": column}
    return {"start": start, "end": {"line": end_row, "column": end_column}}


def test_a_diagnostic_with_all_its_parts() -> None:
    assert _diagnostics(Result("t", (FULL,))) == [
        {
            "message": "`fc1` takes 400 features, but 576 arrive\nformula: 16 · 6 · 6 = 576\n"
            "note: a note\nhelp: write nn.Linear(576, 120)\nhelp: or pad",
            "location": {"path": "nets/model.py", "range": _range(13, 20, 13, 46)},
            "severity": "ERROR",
            "code": {"value": "CL102"},
            "suggestions": [{"range": _range(13, 30, 13, 40), "text": "576"}],
            "related_locations": [
                {
                    "message": "called here",
                    "location": {"path": "/else/model.py", "range": _range(19, 16, 19, 27)},
                }
            ],
        }
    ]


def test_a_finding_without_a_place() -> None:
    (found,) = _diagnostics(Result("t", (PLACELESS,)))
    assert found["location"] == {"path": "nets/x.py", "range": _range(1, 1, 1, 1)}


def test_columns_are_bytes(tmp_path: Path) -> None:
    file = tmp_path / "größe.py"
    file.write_text('größe = f("図形", x)\n', encoding="utf-8")
    found = replace(FULL, location=Location(str(file), 1, 9, 1, 20), related=())
    (one,) = _diagnostics(Result("t", (found,)))
    assert one["location"]["range"] == _range(1, 11, 1, 26)


def test_a_fix_of_another_file_is_no_suggestion() -> None:
    edits = (Edit("1", Location("/project/other.py", 1)),)
    (one,) = _diagnostics(Result("t", (replace(FULL, fix=Fix("safe", "m", edits)),)))
    assert one["suggestions"] == []


def test_real_networks() -> None:
    found = _diagnostics(*real(), style=Style(directory=ROOT))
    assert [one["location"]["path"] for one in found][1::2] == [
        "examples/lenet.py", "examples/article.py",
    ]  # fmt: skip


@sampled(50)
@given(results, styles)
def test_any_result(found: Sequence[Result], style: Style) -> None:
    read = _diagnostics(*found, style=style)
    assert len(read) == sum(len(result.diagnostics) for result in found)
