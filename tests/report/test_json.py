"""The JSON report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from convlint import report
from convlint.diagnostic import Diagnostic, Edit, Fix, Label, Location, Severity
from convlint.job import Result
from convlint.report import Style

HERE = Path("/project")
FULL = Diagnostic(
    "CL102",
    "feature-mismatch",
    Severity.ERROR,
    "`fc1` takes 400 features, but 576 arrive",
    Location("/project/nets/model.py", 13, 20, 13, 46),
    "in_features is 400",
    (Label("called here", Location("/else/model.py", 19, 16, 19, 27)),),
    "16 · 6 · 6 = 576",
    ("write nn.Linear(576, 120)", "or pad"),
    ("a note",),
    "nets/model.py:Net",
    "fc1",
    ("[1, 576]",),
    "[1, 120]",
    fix=Fix(
        "unsafe", "write 576", (Edit("576", Location("/project/nets/model.py", 13, 30, 13, 40)),)
    ),
)


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
