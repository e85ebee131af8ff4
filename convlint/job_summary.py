"""The summary of a job of GitHub Actions: the Markdown report, with every layer's shapes.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from convlint import report
from convlint.job import Result
from convlint.report import Style

_LIMIT: Final = 1024 * 1024
"""Bytes that a step may write; GitHub shows nothing at all of more."""


def file(output_format: str) -> Path | None:
    """Where the summary goes: only the report for GitHub has one, and only in a job."""
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    return Path(name) if name and output_format == "github" else None


def append(file: Path, results: Sequence[Result], style: Style) -> None:
    """Append the report, and as much of it as there is room for.

    Raises:
        OSError: the file cannot be written.
    """
    room = _LIMIT - (file.stat().st_size if file.exists() else 0)
    for text in _shorter(results, style):
        data = text.encode("utf-8", "replace")
        if len(data) <= room:
            with file.open("ab") as stream:
                stream.write(data)
            return


def _shorter(results: Sequence[Result], style: Style) -> Iterator[str]:
    """The whole report, then without shapes, then only counts."""
    yield report.render("markdown", results, style)
    bare = [replace(result, rows=()) for result in results]
    yield report.render("markdown", bare, style)
    yield report.render("markdown", bare, replace(style, statistics=True))
