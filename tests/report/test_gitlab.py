"""The Code Quality report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given

from convlint import report
from convlint.diagnostic import Location
from convlint.job import Result
from convlint.report import Style
from tests.report.drawn import results, styles
from tests.report.examples import FULL, HERE, INFO, PLACELESS, ROOT, WARNING, real
from tests.report.schema import validated
from tests.sampling import sampled


def _issues(*found: Result, style: Style | None = None) -> Any:
    return validated(report.render("gitlab", found, style or Style(directory=HERE)), "gitlab")


def test_an_issue() -> None:
    (issue,) = _issues(Result("t", (FULL,)))
    mark = issue.pop("fingerprint")
    assert issue == {
        "description": "`fc1` takes 400 features, but 576 arrive; write nn.Linear(576, 120)",
        "check_name": "CL102 feature-mismatch",
        "severity": "critical",
        "location": {"path": "nets/model.py", "lines": {"begin": 13, "end": 13}},
    }
    moved = replace(FULL, location=Location("/project/nets/model.py", 20))
    assert _issues(Result("t", (moved,)))[0]["fingerprint"] == mark


def test_severities_and_places() -> None:
    issues = _issues(Result("t", (PLACELESS, WARNING, INFO)))
    assert [one["severity"] for one in issues] == ["critical", "minor", "info"]
    assert issues[0]["location"] == {"path": "nets/x.py", "lines": {"begin": 1, "end": 1}}
    assert _issues() == _issues(Result("t")) == []


def test_real_networks() -> None:
    issues = _issues(*real(), style=Style(directory=ROOT))
    assert [one["location"]["path"] for one in issues][::2] == [
        "examples/lenet.py", "examples/article.py", "examples/gone.py",
    ]  # fmt: skip


@sampled(50)
@given(results, styles)
def test_any_result(found: Sequence[Result], style: Style) -> None:
    issues = _issues(*found, style=style)
    assert len(issues) == sum(len(result.diagnostics) for result in found)
    assert len({one["fingerprint"] for one in issues}) == len(issues)
