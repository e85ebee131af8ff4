"""GitLab's Code Quality report: a list of findings that merge requests show.

GitLab knows a finding again by its fingerprint, and says which ones a merge request brings and
which it mends.  `--statistics` and `--quiet` change nothing: it has no room for counts.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from convlint.diagnostic import Diagnostic, Severity
from convlint.fingerprint import fingerprints
from convlint.job import Result
from convlint.report import Style, place
from convlint.report.json import dumped

_SEVERITIES: Final = {
    Severity.ERROR: "critical",
    Severity.WARNING: "minor",
    Severity.INFO: "info",
}


def render(results: Sequence[Result], style: Style) -> str:
    """One array; `[]` where nothing was found."""
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    pairs = zip(found, fingerprints(found), strict=True)
    return dumped([_issue(one, mark, style) for one, mark in pairs])


def _issue(found: Diagnostic, mark: str, style: Style) -> dict[str, object]:
    where = style.span(place(found))
    return {
        "description": "; ".join((found.message or found.name, *found.help[:1])),
        "check_name": f"{found.code} {found.name}",
        "fingerprint": mark,
        "severity": _SEVERITIES[found.severity],
        "location": {
            "path": where.filename,
            "lines": {"begin": where.row, "end": where.end_row},
        },
    }
