"""`convlint check`, or `convlint` alone: lint networks, report, and answer with an exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from convlint.cli.group import Command
from convlint.cli.options import network_options, option
from convlint.cli.output import emit, say, style
from convlint.cli.status import EXITS, status
from convlint.diagnostic import FAIL_ON


def _formats() -> tuple[str, ...]:
    """What `report.formats` gives, without the import of the package: `--help` is at once."""
    folder = Path(__file__).parents[2] / "report"
    found = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return tuple(sorted(found or {"text"}))


@click.command(cls=Command, epilog=EXITS)
@network_options
@option(
    "--output-format",
    type=click.Choice(_formats()),
    section="Output",
    help="The format of the report.  [default: text]",
)
@option("--statistics", is_flag=True, section="Output", help="Only how often each rule has spoken.")
@option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    section="Output",
    help="The least severity for which the exit status is 1.  [default: warning]",
)
def command(statistics: bool, **options: Any) -> None:
    """Check networks: the given ones, or those of the configuration."""
    from convlint import report
    from convlint.cli.call import asked, results
    from convlint.report import called

    call = asked(**options)
    found = results(call)
    shown = style(statistics=statistics, **options)
    emit(report.render(call.output_format, found, shown), options["output_file"], shown.color)
    if call.output_format != "text" and not call.quiet:
        for line in called(found):  # the other formats have no place for it
            say(line)
    click.get_current_context().exit(status(found, call.fail_on))
