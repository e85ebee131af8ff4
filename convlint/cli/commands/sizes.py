"""`convlint sizes`: for which inputs a network works."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from convlint.cli.group import Command
from convlint.cli.options import formats, network_options, option
from convlint.cli.output import UNCONCERNED, emit, style, written
from convlint.cli.status import UNCHECKED, Failure

if TYPE_CHECKING:
    from convlint.cli.call import Call
    from convlint.job import Result
    from convlint.report import Style


@click.command(cls=Command)
@network_options
@option(
    "--format",
    "sizes_format",
    type=click.Choice(formats("sizes")),
    default="text",
    show_default=True,
    section="Output",
    help="How the answer is written; a picture is SVG. A file that is called .svg or .png gets a "
    "picture in any case.",
)
def command(sizes_format: str, **options: Any) -> None:
    """Say for which sizes of its inputs a network works.

    Write letters for sizes, as in --input N,3,H,W.  The exit status is 1 where no size works, 2
    where the network could not be followed, else 0.
    """
    from convlint.cli.call import asked, results

    call = asked(**options)
    file = options["output_file"]
    is_picture = sizes_format == "picture" or _ending(file)
    if is_picture:
        _drawable(call)
    found = results(call, want_sizes=True)
    shown = style(**options)
    lost = any(one.sizes is None for one in found)
    if is_picture and not lost:
        _draw(found, file, shown)
    else:
        _write("text" if is_picture else sizes_format, found, None if is_picture else file, shown)
    status = UNCHECKED if lost else 0
    if not status and any(not one.sizes.works for one in found if one.sizes):
        status = 1
    click.get_current_context().exit(status)


def _ending(file: Path | None) -> str:
    """The ending of a file that gets a picture; empty where it gets none."""
    suffix = file.suffix.lower() if file is not None else ""
    return suffix if suffix in (".svg", ".png") else ""


def _drawable(call: Call) -> None:
    """Refuse what cannot be drawn, before the long work."""
    from convlint.sizes import picture

    try:
        picture.check(call.tasks)
    except picture.PictureError as error:
        raise Failure(str(error)) from None


def _draw(found: Sequence[Result], file: Path | None, shown: Style) -> None:
    from convlint import atomic
    from convlint.sizes import picture

    ending = _ending(file)
    try:
        if file is None or not ending:
            emit(picture.render(found, shown), file)
            return
        data = picture.drawn(found, ending)
    except picture.PictureError as error:
        raise Failure(str(error)) from None
    written(file, lambda: atomic.write(file, data))


def _write(name: str, found: Sequence[Result], file: Path | None, shown: Style) -> None:
    render = importlib.import_module(f"convlint.sizes.{name}").render
    emit(render(found, shown) if found else UNCONCERNED, file, shown.color)
