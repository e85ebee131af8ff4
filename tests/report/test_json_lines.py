"""The findings as JSON, one a line."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given

from convlint import report
from convlint.job import Result
from convlint.report import Style
from tests.report.drawn import results, styles
from tests.report.examples import FULL, PLACELESS, real
from tests.sampling import sampled


def test_the_objects_are_those_of_json() -> None:
    for found in ([Result("t", (FULL, PLACELESS))], real()):
        lines = report.render("json-lines", found, Style()).splitlines()
        assert [json.loads(line) for line in lines] == json.loads(
            report.render("json", found, Style())
        )


def test_nothing_is_no_line() -> None:
    assert report.render("json-lines", [Result("t")], Style()) == ""


def test_statistics() -> None:
    text = report.render("json-lines", [Result("t", (FULL, FULL))], Style(statistics=True))
    assert json.loads(text)["count"] == 2


@sampled(50)
@given(results, styles)
def test_any_result(found: Sequence[Result], style: Style) -> None:
    lines = report.render("json-lines", found, style).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(report.render("json", found, style))
