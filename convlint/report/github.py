"""Workflow commands of GitHub Actions: each finding is an annotation on its line.

A step shows ten of a level, so errors come first.  `--statistics` gives one annotation for each
rule, with its count and without a place; `--quiet` changes nothing.  In a job, the command line
appends the Markdown report to the summary (`convlint/job_summary.py`).

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from convlint.diagnostic import Diagnostic, Severity
from convlint.job import Result
from convlint.report import Style, place
from convlint.terminal import printed

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(results: Sequence[Result], style: Style) -> str:
    """One command a line."""
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    found.sort(key=lambda one: -one.severity.rank)
    lines = _counts(found) if style.statistics else [_annotation(one, style) for one in found]
    return "".join(f"{line}\n" for line in lines)


def _counts(found: Sequence[Diagnostic]) -> list[str]:
    counts = Counter((one.severity, f"{one.code} {one.name}") for one in found)
    return [
        _command(severity, {"title": title}, f"{count} finding" + ("s" if count > 1 else ""))
        for (severity, title), count in counts.items()
    ]


def _annotation(found: Diagnostic, style: Style) -> str:
    where = style.span(place(found))
    span: dict[str, object] = {"file": where.filename, "line": where.row, "col": where.column}
    span["endLine"] = where.end_row
    if where.end_row == where.row:  # columns of different lines are refused
        span["endColumn"] = where.end_column
    lines = [found.message or found.name]
    lines += [f"formula: {found.formula}"] if found.formula else []
    lines += [f"note: {one}" for one in found.note] + [f"help: {one}" for one in found.help]
    return _command(found.severity, {**span, "title": f"{found.code} {found.name}"}, *lines)


def _command(severity: Severity, properties: dict[str, object], *lines: str) -> str:
    written = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    text = "\n".join(printed(line) for text in lines for line in text.splitlines() or [""])
    return f"::{_COMMANDS[severity]} {written}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printed(text)).replace(":", "%3A").replace(",", "%2C")
