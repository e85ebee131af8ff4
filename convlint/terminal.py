"""Lines of coloured text for a terminal, a pipe or a file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from io import StringIO
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def wants_color(choice: str, stream: IO[str] | None) -> bool:
    """Whether to colour what goes to `stream`: --color, NO_COLOR, FORCE_COLOR, the terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return os.environ["FORCE_COLOR"] != "0"
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: IO[str] | None) -> bool:
    """Whether somebody looks at `stream`."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def to_string(lines: Iterable[Text], color: bool) -> str:
    """The lines as one text.  None is wrapped or cut, however narrow the terminal."""
    if not color:
        return "".join(line.plain.rstrip() + "\n" for line in lines)
    console = _console(StringIO(), None)
    for line in lines:
        line.rstrip()
        console.print(line, soft_wrap=True)
    return _written(console)


def markdown(pages: Iterable[str], width: int) -> str:
    """Pages of Markdown, coloured; at most `width` columns wide."""
    from rich.markdown import Markdown

    console = _console(StringIO(), width)
    for page in pages:
        console.print(Markdown(page))
        console.print()
    return _written(console)


def _console(stream: StringIO, width: int | None) -> Console:
    from rich.console import Console

    return Console(
        file=stream,
        width=width,
        force_terminal=True,
        color_system="standard",
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        no_color=False,
    )


def _written(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def printed(text: str) -> str:
    """`text` as one line that cannot steer the terminal; a tab is four columns."""
    text = text.replace("\t", "    ")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _visible(c) for c in text)


def _visible(character: str) -> str:
    if character in "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029":
        return " "
    # Spaces of other widths and marks that join letters are harmless; escapes are not, and half
    # a surrogate pair can be written in no encoding.
    number = ord(character)
    harmful = number < 32 or 127 <= number < 160 or 0xD800 <= number <= 0xDFFF
    return "�" if harmful else character
