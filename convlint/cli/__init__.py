"""The command line: argv -> what is asked -> results -> a report and an exit status.

click is used in this package only.  What every call needs is imported at the top; torch and
networkx never are.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NoReturn

import click

from convlint.cli.group import Group
from convlint.cli.output import emit, say
from convlint.cli.status import EXITS, INTERRUPTED, UNCHECKED

if TYPE_CHECKING:
    from types import FrameType

_EXAMPLES: Final = """\b
Examples:
  convlint model.py:Net --input 1,3,224,224
  convlint pkg.module:make_net --input x=2,3,64,64 --input mask=2,16:bool
  convlint 'model.py:Net(in_channels=3, width=64)' --input 1,3,224,224
  convlint shapes model.py:Net --input 1,3,224,224
  convlint rule CL101"""


def _show_version(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from convlint import __version__

        emit(f"convlint {__version__}\n")
        ctx.exit()


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXITS,
    no_args_is_help=False,
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
        say(f"{error.format_message().rstrip('.')} (see {command} --help)")
        return UNCHECKED
    except click.ClickException as error:
        say(error.format_message())
        return UNCHECKED
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("CONVLINT_TRACEBACK"):
            import traceback

            traceback.print_exc()
        say(
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
