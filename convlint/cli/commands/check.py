"""`convlint check`, or `convlint` alone: lint networks, report, and answer with an exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from convlint.cli.group import Command
from convlint.cli.options import network_options, option
from convlint.cli.output import emit, say, style, written
from convlint.cli.status import EXITS, status
from convlint.diagnostic import FAIL_ON


def _formats() -> tuple[str, ...]:
    """What `report.formats` gives, without the import of the package: `--help` is at once."""
    folder = Path(__file__).parents[2] / "report"
    found = {path.stem.replace("_", "-") for path in folder.glob("[!_]*.py")}
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
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    section="Rules",
    help="Report only what is not counted in this file, which `convlint baseline` writes.",
)
@option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    section="Output",
    help="The least severity for which the exit status is 1.  [default: warning]",
)
def command(statistics: bool, **options: Any) -> None:
    """Check networks: the given ones, or those of the configuration."""
    from convlint import job_summary, report
    from convlint.cli import known
    from convlint.cli.call import asked, results
    from convlint.report import called

    call = asked(**options)
    counts = known.counts(call.baseline) if call.baseline is not None else None
    summary = job_summary.file(call.output_format)
    found = results(call, summary is not None or report.wants_shapes(call.output_format))
    if call.baseline is not None and counts is not None:
        found = known.hidden(found, counts, call.baseline, call)
    shown = style(statistics=statistics, **options)
    emit(report.render(call.output_format, found, shown), options["output_file"], shown.color)
    if call.output_format != "text" and not call.quiet:
        for line in called(found):  # the other formats have no place for it
            say(line)
    if summary is not None:
        written(summary, lambda: job_summary.append(summary, found, shown))
    click.get_current_context().exit(status(found, call.fail_on))
