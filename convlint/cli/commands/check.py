"""`convlint check`, or `convlint` alone: lint networks, report, and answer with an exit status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from convlint.cli.group import Command
from convlint.cli.options import formats, network_options, option
from convlint.cli.output import UNCONCERNED, emit, say, style, written
from convlint.cli.status import EXITS, FINDINGS, status
from convlint.diagnostic import FAIL_ON

if TYPE_CHECKING:
    from convlint.cli.call import Call
    from convlint.job import Result
    from convlint.server import Server


@click.command(cls=Command, epilog=EXITS)
@network_options
@option(
    "--output-format",
    type=click.Choice(formats("report")),
    section="Output",
    help="The format of the report.  [default: text]",
)
@option(
    "--fix", is_flag=True, section="Fixes", help="Write what mends the findings into the files."
)
@option(
    "--unsafe-fixes",
    is_flag=True,
    section="Fixes",
    help="Also what changes a network that runs.",
)
@option(
    "--diff", is_flag=True, section="Fixes", help="Print what would be written, and write nothing."
)
@option(
    "--show-fixes",
    is_flag=True,
    section="Fixes",
    help="List what is fixed; without --fix, tell it with the findings.",
)
@option("--watch", is_flag=True, section="Speed", help="Check again whenever a file changes.")
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
def command(watch: bool, **options: Any) -> None:
    """Check networks: the given ones, or those of the configuration.

    A file or folder stands for the configured networks whose code it is a part of.
    """
    if watch:
        if options["fix"] or options["diff"]:
            raise click.UsageError("--watch checks again and again: it goes without --fix, --diff")
        from convlint.cli.watch import watch as watched

        watched(lambda server: _files(*_reported(options, server)))
    if options["diff"]:
        ended = _diff(options)
    else:
        call, found = _reported(options)
        ended = status(found, call.fail_on)
    click.get_current_context().exit(ended)


def _reported(
    options: dict[str, Any], server: Server | None = None
) -> tuple[Call, Sequence[Result]]:
    """Check, mend what is to be mended, and write the report."""
    from convlint import job_summary, report
    from convlint.cli.call import asked

    call = asked(**options)
    summary = job_summary.file(call.output_format)
    want_shapes = summary is not None or report.wants_shapes(call.output_format)
    found = _found(call, want_shapes, server)
    lines: tuple[str, ...] = ()
    if options["fix"] or options["unsafe_fixes"] or options["show_fixes"]:
        from convlint.cli import fixing

        mending = fixing.mending(call, found, options["unsafe_fixes"], server)
        found = list(mending.results)
        if options["fix"] and mending.mended:
            mending.write()
            found = _found(call, want_shapes, server)
        if options["fix"] or mending.withheld or mending.left or mending.refused:
            lines = tuple(fixing.told(mending, options["fix"], options["show_fixes"]))
    shown = style(**options)
    text = report.render(call.output_format, found, shown)
    if not call.tasks and call.output_format == "text":
        text = "" if call.quiet else UNCONCERNED
    emit(text, options["output_file"], shown.color)
    if call.output_format != "text" and not call.quiet:
        for line in (*report.inferred(found), *report.called(found)):  # they have no place for it
            say(line)
    for line in lines if not call.quiet else ():
        say(line)
    if summary is not None:
        written(summary, lambda: job_summary.append(summary, found, shown))
    return call, found


def _found(call: Call, want_shapes: bool, server: Server | None = None) -> list[Result]:
    """What is found, without what a baseline knows."""
    from convlint.cli import known
    from convlint.cli.call import results

    if call.baseline is None:
        return results(call, want_shapes, server)
    counts = known.counts(call.baseline)  # first: a slip there need not wait for torch
    return known.hidden(results(call, want_shapes, server), counts, call.baseline, call)


def _diff(options: dict[str, Any]) -> int:
    """Print what `--fix` would write; the exit status, which is 1 where there is something.

    A target that was not checked is told on stderr: its faults are in no diff.
    """
    from convlint.cli import fixing
    from convlint.cli.call import asked
    from convlint.job import must_stand

    call = asked(**options)
    found = _found(call, want_shapes=False)
    mending = fixing.mending(call, found, options["unsafe_fixes"])
    diff = mending.diff()
    emit(diff, options["output_file"])
    for line in fixing.told(mending, False, options["show_fixes"]) if not call.quiet else ():
        say(line)
    unchecked = [one for one in found if one.unchecked]
    for one in unchecked:
        why = next((f": {d.message}" for d in one.diagnostics if must_stand(d)), "")
        say(f"{one.target} was not checked to the end{why}")
    return FINDINGS if diff and not unchecked else status(found, call.fail_on)


def _files(call: Call, found: Sequence[Result]) -> Iterator[str]:
    """The files that may change the report, if they change."""
    from convlint.closure import Sources

    sources = Sources()
    for task, result in zip(call.tasks, found, strict=True):
        yield from map(str, sources.closure(task.target) or ())
        yield from (*result.files, *result.opened)
        if task.target.is_file:
            yield str(task.target.path.absolute())
    if call.config.file is not None:
        yield str(call.config.file.absolute())
    yield str(call.lock.absolute())
