"""`convlint sizes`: for which inputs a network works."""

from __future__ import annotations

from typing import Any

import click

from convlint.cli.group import Command
from convlint.cli.options import network_options, option
from convlint.cli.output import UNCONCERNED, emit, style
from convlint.cli.status import UNCHECKED


@click.command(cls=Command)
@network_options
@option(
    "--format",
    "sizes_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    section="Output",
    help="How the answer is written.",
)
def command(sizes_format: str, **options: Any) -> None:
    """Say for which sizes of its inputs a network works.

    Write letters for sizes, as in --input N,3,H,W.  The exit status is 1 where no size works, 2
    where the network could not be followed, else 0.
    """
    import importlib

    from convlint.cli.call import asked, results

    call = asked(**options)
    found = results(call, want_sizes=True)
    shown = style(**options)
    render = importlib.import_module(f"convlint.sizes.{sizes_format}").render
    text = render(found, shown) if call.tasks else UNCONCERNED
    emit(text, options["output_file"], shown.color)
    status = UNCHECKED if any(one.sizes is None for one in found) else 0
    if not status and any(not one.sizes.works for one in found if one.sizes):
        status = 1
    click.get_current_context().exit(status)
