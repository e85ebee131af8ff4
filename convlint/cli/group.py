"""The group of commands: found by the files in `commands/`, imported when they are asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final, cast

import click

_FOLDER: Final = Path(__file__).parent / "commands"


class Option(click.Option):
    """An option that is listed under a heading of its own in `--help`."""

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Command(click.Command):
    """A command whose options are listed by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings."""
        _write_options(self, ctx, formatter)


class Group(click.Group):
    """A group for which words that begin with no command mean `check`.

    Every module of `commands/` is a command of its name, with the object `command`.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the files."""
        return sorted(path.stem for path in _FOLDER.glob("[!_]*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, which is imported."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__package__}.commands.{cmd_name}")
        return cast(click.Command, module.command)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `check` before arguments that belong to it."""
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if not args or (args[0] not in self.list_commands(ctx) and args[0] not in own):
            args.insert(0, "check")
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the short form, which is the one to type."""
        formatter.write_usage(ctx.command_path, "[check] [TARGET...] [OPTIONS]")
        formatter.write_usage(ctx.command_path, "COMMAND ...", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, and the options of the one that has no name."""
        self.format_commands(ctx, formatter)
        _write_options(self, ctx, formatter)
        command = self.get_command(ctx, "check")
        assert command is not None
        with click.Context(command, info_name="check", parent=ctx) as inner:
            _write_options(command, inner, formatter)


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
