"""The JSON report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given

from convlint import report
from convlint.diagnostic import Diagnostic, Severity
from convlint.job import Result
from convlint.report import Style
from tests.report.drawn import results, styles
from tests.report.examples import FULL, HERE, real
from tests.sampling import sampled


def _json(*results: Result, statistics: bool = False) -> Any:
    text = report.render("json", results, Style(statistics=statistics, directory=HERE))
    assert text.endswith("\n")
    assert text.isascii()
    return json.loads(text)


def test_every_field() -> None:
    assert _json(Result("nets/model.py:Net", (FULL,))) == [
        {
            "code": "CL102",
            "name": "feature-mismatch",
            "severity": "error",
            "message": "`fc1` takes 400 features, but 576 arrive",
            "filename": "nets/model.py",
            "location": {"row": 13, "column": 20},
            "end_location": {"row": 13, "column": 46},
            "url": None,
            "fix": {
                "applicability": "unsafe",
                "message": "write 576",
                "edits": [
                    {
                        "content": "576",
                        "filename": "nets/model.py",
                        "location": {"row": 13, "column": 30},
                        "end_location": {"row": 13, "column": 40},
                    }
                ],
            },
            "target": "nets/model.py:Net",
            "layer": "fc1",
            "input_shapes": ["[1, 576]"],
            "output_shape": "[1, 120]",
            "formula": "16 · 6 · 6 = 576",
            "related": [
                {
                    "message": "called here",
                    "filename": "/else/model.py",
                    "location": {"row": 19, "column": 16},
                    "end_location": {"row": 19, "column": 27},
                }
            ],
            "help": ["write nn.Linear(576, 120)", "or pad"],
        }
    ]


def test_a_finding_without_a_place() -> None:
    found = Diagnostic("CL001", "cannot-import", Severity.ERROR, "m", target="x.py:Net")
    (row,) = _json(Result("x.py:Net", (found,)))
    assert row["filename"] is row["location"] is row["end_location"] is row["fix"] is None
    assert row["related"] == row["help"] == row["input_shapes"] == []


def test_the_order_is_that_of_the_targets() -> None:
    other = Diagnostic("CL101", "channel-mismatch", Severity.WARNING, "m")
    rows = _json(Result("b", (FULL, other)), Result("a", (other,)))
    assert [row["code"] for row in rows] == ["CL102", "CL101", "CL101"]


def test_nothing_is_an_empty_array() -> None:
    assert _json() == _json(Result("a")) == _json(Result("a"), statistics=True) == []


def test_statistics() -> None:
    assert _json(Result("a", (FULL, FULL)), statistics=True) == [
        {"code": "CL102", "name": "feature-mismatch", "severity": "error", "count": 2}
    ]


def test_real_networks() -> None:
    codes = [row["code"] for row in _json(*real())]
    assert codes == ["CL102", "CL102", "CL302", "CL560", "CL001"]


@sampled(50)
@given(results, styles)
def test_any_result(found: Sequence[Result], style: Style) -> None:
    text = report.render("json", found, style)
    assert text.isascii()
    rows = json.loads(text)
    json.dumps(rows, ensure_ascii=False).encode()  # half a surrogate pair would raise
    if not style.statistics:
        assert len(rows) == sum(len(result.diagnostics) for result in found)
