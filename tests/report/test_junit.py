"""The JUnit report, read back by junitparser."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from junitparser import Error, Failure, JUnitXml, TestCase

from convlint import report
from convlint.job import Result
from convlint.report import Style
from tests.report.drawn import results, styles
from tests.report.examples import FULL, HERE, INFO, PLACELESS, ROOT, WARNING, real
from tests.sampling import sampled


def _cases(found: Sequence[Result], style: Style | None = None) -> list[TestCase]:
    text = report.render("junit", found, style or Style(directory=HERE))
    assert text.isascii()
    suites = JUnitXml.fromstring(text.encode())
    (suite,) = suites
    cases = list(suite)
    assert suites.tests == suite.tests == len(cases)
    kinds = [type(one.result[0]) for one in cases if one.result]
    assert (suite.failures, suite.errors) == (kinds.count(Failure), kinds.count(Error))
    return cases


def test_every_target_is_a_case() -> None:
    found = [
        Result("fine", layers=3),
        Result("wrong", (FULL, WARNING)),
        Result("known", (INFO,)),
        Result("lost", (PLACELESS,)),
        Result("cut", incomplete=True),
    ]
    fine, wrong, known, lost, cut = _cases(found)
    assert [case.name for case in (fine, wrong, known, lost, cut)] == [r.target for r in found]
    assert fine.is_passed
    (failure,) = wrong.result
    assert isinstance(failure, Failure)
    assert failure.message == "Found 1 error, 1 warning in 1 target."
    assert failure.type == "CL102 feature-mismatch"
    assert "error[CL102 feature-mismatch]: `fc1` takes 400" in failure.text
    assert "warning[CL560 shape-comment]: stale" in failure.text
    assert known.is_passed
    assert "info[CL005" in known.system_out
    assert [type(case.result[0]) for case in (lost, cut)] == [Error, Error]
    assert cut.result[0].type == "unchecked"


def test_nothing_is_an_empty_suite() -> None:
    assert _cases([]) == []


def test_real_networks() -> None:
    cases = _cases(real(), Style(directory=ROOT))
    kinds = [type(case.result[0]) if case.result else None for case in cases]
    assert kinds == [Failure, Failure, None, Error]
    assert "16 · 4 · 4 = 256" in cases[0].result[0].text


@sampled(50)
@given(results, styles)
def test_any_result(found: Sequence[Result], style: Style) -> None:
    assert len(_cases(found, style)) == len(found)
