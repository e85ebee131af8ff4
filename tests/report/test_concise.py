"""The concise report."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import given

from convlint import report
from convlint.job import Result
from convlint.report import Style
from tests.report.drawn import results, styles
from tests.report.examples import FULL, HERE, PLACELESS, ROOT, WARNING, real
from tests.sampling import sampled


def _lines(*found: Result, quiet: bool = False, statistics: bool = False) -> list[str]:
    style = Style(quiet=quiet, statistics=statistics, directory=HERE)
    return report.render("concise", found, style).splitlines()


def test_a_line_for_each_finding_and_a_summary() -> None:
    assert _lines(Result("t", (FULL, PLACELESS, WARNING))) == [
        "nets/model.py:13:20: error[CL102] `fc1` takes 400 features, but 576 arrive",
        "nets/x.py:Net: error[CL001] there is no such name",
        "nets/model.py:13:20: warning[CL560] stale",
        "Found 2 errors, 1 warning in 1 target; 1 target was not checked to the end.",
    ]
    assert _lines(Result("t", layers=3)) == ["All checks passed: t, 3 layers."]


def test_quiet_and_statistics() -> None:
    assert len(_lines(Result("t", (FULL,)), quiet=True)) == 1
    assert _lines(quiet=True) == []
    assert _lines(Result("t", (FULL, FULL)), statistics=True) == [
        "2  CL102  feature-mismatch",
        "Found 2 errors in 1 target.",
    ]


def test_real_networks() -> None:
    lines = report.render("concise", real(), Style(directory=ROOT)).splitlines()
    assert lines[0] == (
        "examples/lenet.py:13:20: error[CL102] `fc1` takes 400 features, but 256 arrive"
    )
    assert len(lines) == 6


@sampled(50)
@given(results, styles)
def test_any_result(found: Sequence[Result], style: Style) -> None:
    text = report.render("concise", found, style)
    text.encode()
    count = sum(len(result.diagnostics) for result in found)
    if not style.statistics:
        assert text.count("\n") == count + (not style.quiet)
        assert len(re.findall(r"(?:error|warning|info)\[", text)) >= count
