"""`convlint shapes`: the layers of networks with their shapes."""

from __future__ import annotations

from typing import Any

import click

from convlint.cli.group import Command
from convlint.cli.options import network_options
from convlint.cli.output import UNCONCERNED, emit, style
from convlint.cli.status import UNCHECKED


@click.command(cls=Command)
@network_options
def command(**options: Any) -> None:
    """Show the layers with their shapes, up to and past a failure.

    The exit status is 2 where the network could not be followed to its end, else 0.
    """
    from convlint import table
    from convlint.cli.call import asked, results

    call = asked(**options)
    found = results(call, want_shapes=True)
    shown = style(**options)
    text = table.render(found, shown) if call.tasks else UNCONCERNED
    emit(text, options["output_file"], shown.color)
    click.get_current_context().exit(UNCHECKED if any(one.unchecked for one in found) else 0)
