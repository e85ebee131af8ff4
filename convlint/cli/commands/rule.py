"""`convlint rule`: the pages of the rules."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from convlint.cli.output import emit
from convlint.cli.status import Failure

if TYPE_CHECKING:
    from convlint.rule import Rule


@click.command()
@click.argument("names", nargs=-1, metavar="[CODE|NAME]...")
@click.option("--all", "everything", is_flag=True, help="Explain every rule.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
def command(names: tuple[str, ...], everything: bool, output_format: str, color: str) -> None:
    """Explain rules; without arguments, list them.

    The list has the severity, whether the rule is on by default, and of how many published
    networks it speaks.
    """
    from convlint import page, terminal

    known = sorted(_rules(), key=lambda one: one.code)
    chosen = [_rule(name, known) for name in names] if names and not everything else known
    if output_format == "json":
        emit(page.as_json(chosen))
    elif not (everything or names):
        emit(page.listing(known))
    else:
        pages = [page.page(one) for one in chosen]
        colored = terminal.wants_color(color, sys.stdout)
        width = min(100, shutil.get_terminal_size().columns)
        emit(terminal.markdown(pages, width) if colored else "\n".join(pages), color=colored)


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
    raise Failure(f"no rule is called `{name}`" + (f"; did you mean `{near[0]}`?" if near else ""))
