"""`convlint targets`: what would be linted, and which networks would not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from convlint.cli.output import emit
from convlint.cli.status import Failure
from convlint.project.outlook import Listed, Outlook, Unlisted
from convlint.quote import shorten

_LATER = "known when it is built"
_INFERRED = "inferred when it is built"


@click.command()
@click.argument(
    "paths", nargs=-1, metavar="[PATH...]", type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Read this configuration, and not the nearest pyproject.toml or convlint.toml.",
)
@click.option("--isolated", is_flag=True, help="Read no configuration.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
def command(
    paths: tuple[Path, ...], config_file: Path | None, isolated: bool, output_format: str
) -> None:
    """List what `convlint` would lint, and why.

    That are the targets of the configuration and of comments.  Networks that are in none of them
    follow, with the sizes that they are called with, where annotations, tests or scripts tell.
    Inputs of targets that nobody gives are found from the network when it is linted.
    No code of the project is run.
    """
    from convlint.cli.call import configuration
    from convlint.project.outlook import outlook
    from convlint.project.source import SourceError

    try:
        found = outlook(configuration(config_file, isolated), paths)
    except SourceError as error:
        raise Failure(str(error)) from None
    emit(_json(found) if output_format == "json" else _text(found))


def _text(found: Outlook) -> str:
    listed = [_listed(one) for one in found.listed]
    unlisted = [_unlisted(one) for one in found.unlisted]
    lines = [f"{_count(len(listed), 'target')}{':' if listed else ''}"]
    lines += _aligned(listed)
    if unlisted:
        verb = "is" if len(unlisted) == 1 else "are"
        lines += ["", f"{_count(len(unlisted), 'network')} {verb} in no target:"]
        lines += _aligned(unlisted)
        lines += ["", "convlint init proposes what to configure."]
    return "".join(f"{line}\n" for line in lines)


def _listed(found: Listed) -> tuple[str, ...]:
    task = found.task
    name = f"{task.name} ({task.target.display})" if task.name else task.display
    modes = () if task.modes == ("eval",) else tuple(f"--mode {one}" for one in task.modes)
    dims = (f"--dim {one}" for one in task.dims.words)
    expected = (f"--expect {one}" for one in task.expected)
    words = [*map(str, task.inputs), *dims, *expected, *modes]
    origin = task.origin
    if found.use is None and not task.inputs:
        words[:0] = [_INFERRED]
    if found.use is not None:
        words[:0] = [_inputs(found.use.inputs)]
        origin += f", {found.use.origin}"
    elif task.by and "comment" not in origin:
        origin += f", {task.by}"
    return name, " ".join(words), origin


def _unlisted(found: Unlisted) -> tuple[str, ...]:
    model, use = found.network.target.display, found.use
    if use is None:
        return model, "-", found.network.place
    return f"{model}{use.arguments or ''}", _inputs(use.inputs), use.origin


def _inputs(inputs: Sequence[object] | None) -> str:
    return _LATER if inputs is None else " ".join(map(str, inputs))


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    cells = [tuple(shorten(cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {line}".rstrip()


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}" + ("" if number == 1 else "s")


def _json(found: Outlook) -> str:
    targets = [
        {
            "name": one.task.display,
            "model": one.task.target.display,
            "inputs": _texts(one.use.inputs if one.use is not None else one.task.inputs or None),
            "dims": list(one.task.dims.words),
            "modes": list(one.task.modes),
            "expect": _texts(one.task.expected),
            "origin": _listed(one)[-1],
        }
        for one in found.listed
    ]
    unlisted = [
        {
            "model": _unlisted(one)[0],
            "inputs": _texts(one.use.inputs) if one.use is not None else [],
            "origin": _unlisted(one)[-1],
        }
        for one in found.unlisted
    ]
    return json.dumps({"targets": targets, "unlisted": unlisted}, indent=2) + "\n"


def _texts(words: Sequence[object] | None) -> list[str] | None:
    return None if words is None else [str(one) for one in words]
