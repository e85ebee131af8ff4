"""`convlint baseline`: count the findings of today, so that only newer ones are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from convlint.cli.group import Command
from convlint.cli.options import network_options, option
from convlint.cli.output import emit, style
from convlint.cli.status import UNCHECKED, Failure


@click.command(cls=Command)
@network_options
@option(
    "--baseline",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    section="Output",
    help="The file to write.  [default: the configured one, or .convlint-baseline.json]",
)
def command(file: Path | None, **options: Any) -> None:
    """Count the findings of today in a file, so that check --baseline reports only newer ones.

    Entries of targets that are not named, and of rules that are not on, stay. The exit status is
    2 where a target could not be checked: then its entries stay too.
    """
    from convlint import baseline, report
    from convlint.cli.call import asked, results
    from convlint.cli.known import counts

    call = asked(**options)
    file = file or call.baseline or Path(baseline.FILE)
    old = counts(file, new=True)
    found = results(call)
    try:
        number = baseline.renew(file, found, old, baseline.unasked(call.selection))
    except baseline.BaselineError as error:
        raise Failure(str(error)) from None
    shown, lost = style(**options), [result for result in found if result.unchecked]
    text = report.render("text", lost, shown) if lost else ""
    if not call.quiet:
        text += f"Wrote {file}: {number} finding{'' if number == 1 else 's'}.\n"
    emit(text, options["output_file"], shown.color)
    click.get_current_context().exit(UNCHECKED if lost else 0)
