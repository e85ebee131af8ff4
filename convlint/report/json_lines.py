"""The objects of the JSON report, one a line, for tools that read while we write.

`--statistics` gives the counts instead, `--quiet` changes nothing.  https://jsonlines.org
"""

from __future__ import annotations

from collections.abc import Sequence

from convlint.job import Result
from convlint.report import Style
from convlint.report.json import dumped, records


def render(results: Sequence[Result], style: Style) -> str:
    """One line for each finding; nothing where nothing was found."""
    return "".join(dumped(record, indent=None) for record in records(results, style))
