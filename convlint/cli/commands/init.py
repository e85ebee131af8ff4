"""`convlint init`: propose a configuration, and write it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from convlint.cli.output import emit, say
from convlint.cli.status import Failure

if TYPE_CHECKING:
    from convlint.config import Config


@click.command()
@click.option("-y", "--yes", is_flag=True, help="Write it without asking.")
def command(yes: bool) -> None:
    """Propose targets for the networks of a project, and write them into pyproject.toml.

    Sizes are those of calls in tests, in `if __name__ == "__main__":`, of torchinfo.summary, of
    example_input_array or annotations; where there are none, the target is proposed as a comment.
    A configuration that is there is never changed.  No code of the project is run.
    """
    from convlint import atomic
    from convlint.project.outlook import outlook
    from convlint.project.source import SourceError
    from convlint.proposal import ProposalError, added, proposal

    file, config, exists = _file()
    try:
        found = outlook(config).unlisted
    except SourceError as error:
        raise Failure(str(error)) from None
    if not found:
        say("there is no network that is not linted already; nothing to propose")
        return
    text = proposal(found, file, not exists)
    emit(text)
    shown = _shown(file)
    if exists:
        message = f"{shown} configures convlint already; add to it what is missing of the above"
        if yes:
            raise Failure(message)
        say(message)
        return
    if not yes and not _agreed(shown):
        return
    try:
        old = file.read_bytes().decode("utf-8") if file.exists() else ""
        atomic.write(file, added(old, text))
    except (OSError, UnicodeDecodeError, ProposalError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Failure(f"cannot write {shown}: {reason}") from None
    say(f"written into {shown}; convlint targets lists what is linted")


def _file() -> tuple[Path, Config, bool]:
    """Where to write, what is configured, and whether anything is."""
    import tomllib

    from convlint.config import FILES, Config, ConfigError, find, load

    try:
        here = Path.cwd()
        found = find(here)
        if found is not None:
            return found, load(found), True
    except ConfigError as error:
        raise Failure(str(error)) from None
    except OSError:
        raise Failure("the current folder is gone") from None
    for folder in (here, *here.parents):
        file = folder / FILES[1]
        if file.is_file():
            table = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("tool", {})
            return file, Config(file=file), "convlint" in table  # it may be empty
    file = here / FILES[0]
    return file, Config(file=file), False


def _agreed(name: str) -> bool:
    """Whether somebody is there and wants it."""
    if not sys.stdin.isatty():
        say(f"nothing is written; convlint init --yes writes this into {name}")
        return False
    return click.confirm(f"Write this into {name}?", default=True, err=True)


def _shown(file: Path) -> str:
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return file.as_posix()
