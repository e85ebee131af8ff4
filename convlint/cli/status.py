"""How a call ends: exit statuses, and the exception for what could not be done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from convlint.job import Result

FINDINGS: Final = 1
UNCHECKED: Final = 2
INTERRUPTED: Final = 130

EXITS: Final = """\b
Exit status:
  0  nothing at or above --fail-on
  1  findings
  2  something could not be checked (usage, import, construction, tracing)"""


class Failure(click.ClickException):
    """One line on stderr, and status 2."""

    exit_code = UNCHECKED


def status(results: Iterable[Result], fail_on: str) -> int:
    """The exit status for what was found: `fail_on` is a severity, or `never`."""
    from convlint.diagnostic import Severity

    results = list(results)
    if any(result.unchecked for result in results):
        return UNCHECKED
    if fail_on == "never":
        return 0
    least = Severity(fail_on).rank
    found = (found.severity.rank for result in results for found in result.diagnostics)
    return FINDINGS if any(rank >= least for rank in found) else 0
