"""The command line: argv -> jobs -> results -> a report and an exit status.

Only what every call needs is imported at the top; torch and networkx never are.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast

import click

if TYPE_CHECKING:
    from types import FrameType

    from convlint.contract import Contract
    from convlint.job import Mode, Result
    from convlint.report import Style
    from convlint.rule import Rule
    from convlint.selection import Selection

FINDINGS: Final = 1
UNCHECKED: Final = 2
INTERRUPTED: Final = 130

_EXAMPLES: Final = """\b
Examples:
  convlint model.py:Net --input 1,3,224,224
  convlint pkg.module:make_net --input x=2,3,64,64 --input mask=2,16:bool
  convlint 'model.py:Net(in_channels=3, width=64)' --input 1,3,224,224
  convlint shapes model.py:Net --input 1,3,224,224
  convlint rule CL101"""

_EPILOG: Final = """\b
Exit status:
  0  nothing at or above --fail-on
  1  findings
  2  something could not be checked (usage, import, construction, tracing)"""

_F = TypeVar("_F", bound=Callable[..., Any])


class _Option(click.Option):
    """An option that is listed under a heading of its own in `--help`."""

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


def _write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    sections: dict[str, list[tuple[str, str]]] = {}
    for option in command.get_params(ctx):
        record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
        if record:
            sections.setdefault(getattr(option, "section", "Options"), []).append(record)
    for title, records in sections.items():
        with formatter.section(title):
            formatter.write_dl(records)


class _Command(click.Command):
    """A command whose options are listed by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings."""
        _write_options(self, ctx, formatter)


class _CheckByDefault(click.Group):
    """A group for which words that begin with no command mean `check`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `check` before arguments that belong to it."""
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if args and args[0] not in self.commands and args[0] not in own:
            args.insert(0, "check")
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the short form, which is the one to type."""
        formatter.write_usage(ctx.command_path, "[check] TARGET... [OPTIONS]")
        formatter.write_usage(ctx.command_path, "COMMAND ...", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, and the options of the one that has no name."""
        self.format_commands(ctx, formatter)
        _write_options(self, ctx, formatter)
        command = self.commands["check"]
        with click.Context(command, info_name="check", parent=ctx) as inner:
            _write_options(command, inner, formatter)


class _Failure(click.ClickException):
    """One line on stderr, and status 2."""

    exit_code = UNCHECKED


def _option(*names: str, section: str, **kwargs: Any) -> Callable[[_F], _F]:
    return click.option(*names, cls=_Option, section=section, **kwargs)


def _stacked(function: _F, *options: Callable[[_F], _F]) -> _F:
    for option in reversed(options):
        function = option(function)
    return function


def _network_options(function: _F) -> _F:
    """The options of every command that looks at a network."""
    rules, network, output = "Rules", "Network", "Output"
    return _stacked(
        function,
        click.argument("targets", nargs=-1, required=True, metavar="TARGET..."),
        _option(
            "--input",
            "inputs",
            multiple=True,
            metavar="[NAME=]SIZES[:DTYPE]",
            section=network,
            help="A tensor the network is called with, as 1,3,224,224, 1x3x224x224 or "
            "mask=2,16:bool; NAME:=JSON for other values. Once per argument of forward.",
        ),
        _option(
            "--arg",
            "arguments",
            multiple=True,
            metavar="NAME=VALUE",
            section=network,
            help="An argument of the constructor, as width=64.",
        ),
        _option(
            "--expect",
            "expected",
            multiple=True,
            metavar="[KEY=]SIZES",
            section=network,
            help="The shape that must come out, as N,10 or N,21,H/4,W/4: N is the batch of the "
            "input, H and W its height and width, other letters are any one size, * any, ... any "
            "axes. Once per output.",
        ),
        _option(
            "--mode",
            "modes",
            multiple=True,
            type=click.Choice(["eval", "train"]),
            default=("eval",),
            show_default=True,
            section=network,
            help="Check the network in this mode; give it twice for both.",
        ),
        _option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            default=60.0,
            show_default=True,
            metavar="SECONDS",
            section=network,
            help="End the check of a target after this time.",
        ),
        _option(
            "--memory-limit",
            callback=_memory,
            metavar="SIZE",
            section=network,
            help="The memory that the check of a target may take, as 8G, 512M or bytes; 0 for no "
            "limit.  [default: half of the machine's]",
        ),
        _option(
            "--select",
            multiple=True,
            metavar="RULES",
            section=rules,
            help="Only these rules: codes (CL101), prefixes (CL1), names, ALL, default.",
        ),
        _option("--ignore", multiple=True, metavar="RULES", section=rules, help="Not these rules."),
        _option(
            "--extend-select", multiple=True, metavar="RULES", section=rules, help="Also these."
        ),
        _option("-q", "--quiet", is_flag=True, section=output, help="No summary, no progress."),
        _option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            section=output,
            help="NO_COLOR and FORCE_COLOR are honoured by auto.",
        ),
        _option(
            "-o",
            "--output-file",
            type=click.Path(dir_okay=False, path_type=Path),
            section=output,
            help="Write the report there instead of to stdout.",
        ),
    )


def _memory(ctx: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """Bytes of `--memory-limit`; None for the default."""
    from convlint import memory

    if value is None:
        return None
    try:
        size = memory.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, option) from None
    if size and not memory.is_limitable():
        message = "this system cannot limit the memory of a process"
        raise click.BadParameter(message, ctx, option)
    return size


def _show_version(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from convlint import __version__

        _emit(f"convlint {__version__}\n")
        ctx.exit()


@click.group(
    cls=_CheckByDefault,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
    no_args_is_help=False,
    invoke_without_command=True,
    help="Check the shapes of PyTorch networks without running them: every place where sizes do "
    f"not fit, with the line to change and the number to write there.\n\n{_EXAMPLES}",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Every command."""
    if ctx.invoked_subcommand is None:
        raise click.UsageError(
            "what should be checked? write convlint model.py:Net --input 1,3,8,8"
        )


def _formats() -> tuple[str, ...]:
    """What `report.formats` gives, without the import of the package: `--help` is at once."""
    folder = Path(__file__).parent / "report"
    found = {path.stem.replace("_", "-") for path in folder.glob("[!_]*.py")}
    return tuple(sorted(found or {"text"}))


@cli.command(cls=_Command, epilog=_EPILOG)
@_network_options
@_option(
    "--output-format",
    type=click.Choice(_formats()),
    default="text",
    show_default=True,
    section="Output",
    help="The format of the report.",
)
@_option(
    "--statistics", is_flag=True, section="Output", help="Only how often each rule has spoken."
)
@_option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    default="warning",
    show_default=True,
    section="Output",
    help="The least severity for which the exit status is 1.",
)
def check(output_format: str, statistics: bool, fail_on: str, **options: Any) -> None:
    """Check networks (the command where none is written)."""
    from convlint import job_summary, report

    summary = job_summary.file(output_format)
    want_shapes = summary is not None or report.wants_shapes(output_format)
    results = _results(want_shapes=want_shapes, **options)
    style = _style(statistics=statistics, **options)
    _emit(report.render(output_format, results, style), options["output_file"], style.color)
    if summary is not None:
        _written(summary, lambda: job_summary.append(summary, results, style))
    click.get_current_context().exit(_status(results, fail_on))


@cli.command(cls=_Command)
@_network_options
def shapes(**options: Any) -> None:
    """Show the layers with their shapes, up to and past a failure.

    The exit status is 2 where the network could not be followed to its end, else 0.
    """
    from convlint import table

    results = _results(want_shapes=True, **options)
    style = _style(**options)
    _emit(table.render(results, style), options["output_file"], style.color)
    click.get_current_context().exit(
        UNCHECKED if any(result.unchecked for result in results) else 0
    )


@cli.command()
@click.argument("names", nargs=-1, metavar="[CODE|NAME]...")
@click.option("--all", "everything", is_flag=True, help="Explain every rule.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
def rule(names: tuple[str, ...], everything: bool, output_format: str, color: str) -> None:
    """Explain rules; without arguments, list them.

    The list has the severity, whether the rule is on by default, and of how many published
    networks it speaks.
    """
    from convlint import page, terminal

    known = sorted(_rules(), key=lambda one: one.code)
    chosen = [_rule(name, known) for name in names] if names and not everything else known
    if output_format == "json":
        _emit(page.as_json(chosen))
    elif not (everything or names):
        _emit(page.listing(known))
    else:
        pages = [page.page(one) for one in chosen]
        colored = terminal.wants_color(color, sys.stdout)
        width = min(100, shutil.get_terminal_size().columns)
        _emit(terminal.markdown(pages, width) if colored else "\n".join(pages), color=colored)


def _rules() -> Sequence[Rule]:
    from convlint.rule import rules

    return tuple(rules())


def _rule(name: str, known: Sequence[Rule]) -> Rule:
    import difflib

    for one in known:
        if name.upper() == one.code or name.lower() == one.name:
            return one
    near = difflib.get_close_matches(name.lower(), [one.name for one in known], n=1) or (
        difflib.get_close_matches(name.upper(), [one.code for one in known], n=1)
    )
    raise _Failure(f"no rule is called `{name}`" + (f"; did you mean `{near[0]}`?" if near else ""))


def _results(
    *,
    targets: Sequence[str],
    inputs: Sequence[str],
    arguments: Sequence[str],
    expected: Sequence[str],
    modes: Sequence[Mode],
    timeout: float,
    memory_limit: int | None,
    want_shapes: bool,
    quiet: bool,
    select: Sequence[str],
    ignore: Sequence[str],
    extend_select: Sequence[str],
    **_: Any,
) -> list[Result]:
    """Run every target in every mode; one result for each target."""
    from convlint import isolate
    from convlint.job import Job, merge
    from convlint.progress import Progress

    modes = cast("Sequence[Mode]", tuple(dict.fromkeys(modes)))
    selection = _selection(select, ignore, extend_select)
    given = _jobs(targets, inputs, arguments)
    contracts = _contracts(expected)
    jobs = [Job(*job, mode, selection, want_shapes, contracts) for job in given for mode in modes]
    results: list[Result] = []
    with Progress([job.target.display for job in jobs], not quiet) as progress:
        found = isolate.run(
            jobs,
            timeout=timeout,
            memory_limit=memory_limit,
            quiet=quiet,
            waiting=progress.tick,
        )
        for result in found:
            results.append(result)
            progress.advance()
    each = len(modes)
    return [merge(results[start : start + each]) for start in range(0, len(results), each)]


def _jobs(
    targets: Sequence[str], inputs: Sequence[str], arguments: Sequence[str]
) -> list[tuple[Any, Any]]:
    from convlint import spec, target

    try:
        specs = tuple(spec.parse(text) for text in inputs)
    except spec.SpecError as error:
        raise _Failure(f"--input: {error}") from None
    try:
        parsed = [target.parse(text, arguments) for text in dict.fromkeys(targets)]
    except target.TargetError as error:
        raise _Failure(str(error)) from None
    names = [one.name for one in specs if one.name is not None]
    for name in names:
        if names.count(name) > 1:
            raise _Failure(f"--input: `{name}` is given twice")
    return [(one, specs) for one in parsed]


def _contracts(expected: Sequence[str]) -> tuple[Contract, ...]:
    from convlint import contract
    from convlint.spec import SpecError

    try:
        return contract.parse_all(expected)
    except SpecError as error:
        raise _Failure(f"--expect: {error}") from None


def _selection(
    select: Sequence[str], ignore: Sequence[str], extend_select: Sequence[str]
) -> Selection:
    from convlint.selection import Selection, SelectionError, split

    selection = Selection(split(select), split(ignore), split(extend_select))
    if selection != Selection():  # the child reads the rules anyhow; most calls select nothing
        try:
            selection.codes(_rules())
        except SelectionError as error:
            raise _Failure(str(error)) from None
    return selection


def _style(
    *, color: str, quiet: bool, output_file: Path | None, statistics: bool = False, **_: Any
) -> Style:
    from convlint import repository, terminal
    from convlint.report import Style

    colored = terminal.wants_color(color, None if output_file else sys.stdout)
    return Style(colored, quiet, statistics, root=repository.root(Path.cwd()))


def _status(results: Iterable[Result], fail_on: str) -> int:
    from convlint.diagnostic import Severity

    results = list(results)
    if any(result.unchecked for result in results):
        return UNCHECKED
    if fail_on == "never":
        return 0
    least = Severity(fail_on).rank
    found = (found.severity.rank for result in results for found in result.diagnostics)
    return FINDINGS if any(rank >= least for rank in found) else 0


def _emit(text: str, file: Path | None = None, color: bool = False) -> None:
    """Write a report.  A reader that has gone away is not worth a word."""
    if file is not None:
        from convlint import atomic

        _written(file, lambda: atomic.write(file, text))
        return
    try:
        _encodable(sys.stdout)
        click.echo(text, nl=False, color=color)
        sys.stdout.flush()
    except BrokenPipeError:
        # Else Python complains when it flushes at its end.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _written(file: Path, write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        raise _Failure(f"cannot write {file}: {error.strerror or error}") from None


def _encodable(stream: IO[str]) -> None:
    """Let a terminal that knows no `⌊` show a `?` for it."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        cast(Any, stream).reconfigure(errors="replace")


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        _encodable(sys.stderr)
        click.echo(f"convlint: {' '.join(text.split())}", err=True)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit status of one call."""
    try:
        status = cli.main(
            None if arguments is None else list(arguments),
            prog_name="convlint",
            standalone_mode=False,
        )
        return status if isinstance(status, int) else 0
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "convlint"
        _say(f"{error.format_message().rstrip('.')} (see {command} --help)")
        return UNCHECKED
    except click.ClickException as error:
        _say(error.format_message())
        return UNCHECKED
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("CONVLINT_TRACEBACK"):
            import traceback

            traceback.print_exc()
        _say(
            f"internal error: {type(error).__name__}: {error}; "
            "please report this, with the output of CONVLINT_TRACEBACK=1"
        )
        return UNCHECKED


def main() -> NoReturn:
    """The command `convlint`."""
    # A plain death would leave the child behind.
    with contextlib.suppress(AttributeError, ValueError):
        signal.signal(signal.SIGTERM, _stop)
    sys.exit(run())


if __name__ == "__main__":
    main()
