"""JUnit's XML, as Jenkins, GitLab and other CI services show it: every target is a test case.

A target with an error or a warning has failed; one that was not checked to the end is an error.
Services show one `failure` of a case, so all findings stand in one.  What is only an info is told
in `system-out`.  `--fail-on` does not change what failed, `--statistics` and `--quiet` nothing.

https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from convlint.diagnostic import Diagnostic, Severity
from convlint.job import Result
from convlint.report import Style
from convlint.report.text import render as text
from convlint.report.text import summary

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""No XML 1.0 document may hold these, not even escaped: https://www.w3.org/TR/xml/#charsets"""


def render(results: Sequence[Result], style: Style) -> str:
    """One test suite, in ASCII."""
    cases = [_case(result, style) for result in results]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
        "skipped": "0",
    }
    suites = ElementTree.Element("testsuites", {"name": "convlint", **counts})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "convlint", **counts})
    suite.extend(cases)
    ElementTree.indent(suites)
    data: bytes = ElementTree.tostring(suites, "us-ascii", xml_declaration=True)
    return data.decode() + "\n"


def _case(result: Result, style: Style) -> ElementTree.Element:
    name = _allowed(result.target)
    case = ElementTree.Element("testcase", {"name": name, "classname": "convlint"})
    infos = [one for one in result.diagnostics if one.severity is Severity.INFO]
    grave = [one for one in result.diagnostics if one.severity is not Severity.INFO]
    if grave or result.unchecked:
        kind = "error" if result.unchecked else "failure"
        about = {"message": _allowed(summary([result]).plain), "type": _type(grave)}
        ElementTree.SubElement(case, kind, about).text = _report(result.target, grave, style)
    if infos:
        ElementTree.SubElement(case, "system-out").text = _report(result.target, infos, style)
    return case


def _type(found: Sequence[Diagnostic]) -> str:
    """The code of the first finding: errors come first."""
    return _allowed(f"{found[0].code} {found[0].name}" if found else "unchecked")


def _report(target: str, found: Sequence[Diagnostic], style: Style) -> str:
    plain = Style(quiet=True, directory=style.directory, root=style.root)
    return _allowed(text([Result(target, tuple(found))], plain))


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
