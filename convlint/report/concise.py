"""One line for each finding, `path:row:col: severity[CODE] message`, which editors can follow.

Behind them stands the summary, which `--quiet` leaves away; `--statistics` gives counts by rule in
place of the findings.  The form is that of ruff and of compilers:
https://www.gnu.org/prep/standards/html_node/Errors.html
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from convlint.diagnostic import Diagnostic
from convlint.job import Result
from convlint.report import Style
from convlint.report.text import COLORS, statistics, summary
from convlint.terminal import printed, to_string


def render(results: Sequence[Result], style: Style) -> str:
    """The lines, and the summary."""
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    lines = statistics(found) if style.statistics else [_line(one, style) for one in found]
    if not style.quiet:
        lines.append(summary(results))
    return to_string(lines, style.color)


def _line(found: Diagnostic, style: Style) -> Text:
    where = found.location
    place = f"{style.path(where.filename)}:{where.row}:{where.column}" if where else found.target
    kind = (f"{found.severity.value}[{found.code}]", COLORS[found.severity])
    return Text.assemble(f"{printed(place)}: ", kind, f" {printed(found.message)}")
