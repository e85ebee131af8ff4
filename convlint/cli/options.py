"""The options of every command that looks at networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from convlint.cli.group import Option

_F = TypeVar("_F", bound=Callable[..., Any])


def option(*names: str, section: str, **kwargs: Any) -> Callable[[_F], _F]:
    """An option below a heading of `--help`."""
    return click.option(*names, cls=Option, section=section, **kwargs)


def formats(package: str) -> tuple[str, ...]:
    """The formats that a package holds, found without its import: `--help` is at once."""
    folder = Path(__file__).parents[1] / package
    found = {path.stem.replace("_", "-") for path in folder.glob("[!_]*.py")}
    return tuple(sorted(found or {"text"}))


def _stacked(function: _F, *options: Callable[[_F], _F]) -> _F:
    for option in reversed(options):
        function = option(function)
    return function


def network_options(function: _F) -> _F:
    """The options of every command that looks at a network."""
    rules, network, speed, output = "Rules", "Network", "Speed", "Output"
    return _stacked(
        function,
        click.argument("targets", nargs=-1, metavar="[TARGET...]"),
        option(
            "--input",
            "inputs",
            multiple=True,
            metavar="[NAME=]SIZES[:DTYPE]",
            section=network,
            help="A tensor the network is called with, as 1,3,224,224, 1x3x224x224 or "
            "mask=2,16:bool; NAME:=JSON for other values. A size may be a letter, a formula or a "
            "range: N,3,H,2*H or 1,3,224..512,224. Once per argument of forward.",
        ),
        option(
            "--dim",
            "dims",
            multiple=True,
            metavar="LETTER=SIZES",
            section=network,
            help="What a letter of the inputs may be: H=224..512%32 (multiples of 32), H=64.., "
            "N=1/2/8, or W=2*H. Once per letter.",
        ),
        option(
            "--arg",
            "arguments",
            multiple=True,
            metavar="NAME=VALUE",
            section=network,
            help="An argument of the constructor, as width=64.",
        ),
        option(
            "--expect",
            "expected",
            multiple=True,
            metavar="[KEY=]SIZES",
            section=network,
            help="The shape that must come out, as N,10 or N,21,H/4,W/4, with the letters of the "
            "input (N is its batch, H and W its height and width, where it has none); other "
            "letters are any one size, * any, ... any axes. Once per output.",
        ),
        option(
            "--mode",
            "modes",
            multiple=True,
            type=click.Choice(["eval", "train"]),
            section=network,
            help="Check the network in this mode; give it twice for both.  [default: eval]",
        ),
        option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            section=network,
            help="End the check of a target after this time.  [default: 60]",
        ),
        option(
            "--memory-limit",
            callback=_memory,
            metavar="SIZE",
            section=network,
            help="The memory that the check of a target may take, as 8G, 512M or bytes; 0 for no "
            "limit.  [default: half of the machine's]",
        ),
        option(
            "--select",
            multiple=True,
            metavar="RULES",
            section=rules,
            help="Only these rules: codes (CL101), prefixes (CL1), names, ALL, default.",
        ),
        option("--ignore", multiple=True, metavar="RULES", section=rules, help="Not these rules."),
        option(
            "--extend-select", multiple=True, metavar="RULES", section=rules, help="Also these."
        ),
        option(
            "-j",
            "--jobs",
            "workers",
            type=click.IntRange(min=1),
            metavar="N",
            section=speed,
            help="Check so many targets at a time.  [default: the number of processors]",
        ),
        option(
            "--cache-dir",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="FOLDER",
            section=speed,
            help="Keep results there.  [default: .convlint_cache beside the configuration]",
        ),
        option("--no-cache", is_flag=True, section=speed, help="Neither keep results nor use any."),
        option(
            "--config",
            "config_file",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            section=output,
            help="Read this configuration, and not the nearest pyproject.toml or convlint.toml.",
        ),
        option("--isolated", is_flag=True, section=output, help="Read no configuration."),
        option("-q", "--quiet", is_flag=True, section=output, help="No summary, no progress."),
        option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            section=output,
            help="NO_COLOR and FORCE_COLOR are honoured by auto.",
        ),
        option(
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
