"""A word of the command line that names no network: what it may have been meant for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from convlint.project.network import networks
from convlint.project.source import Source, SourceError
from convlint.quote import quote

_MOST: Final = 3
"""So many networks of a file are named."""


def hint(word: str) -> str | None:
    """What to write instead of the path of a file or folder; None where it is no path."""
    if os.path.isdir(word):
        return (
            f"no network is configured in the folder {quote(word)}; write model.py:Net, or let "
            "`convlint init` propose targets"
        )
    if not word.endswith((".py", "/", os.sep)):
        return None
    if not os.path.exists(word):
        return f"there is no file or folder {quote(word)}"
    names = list(_names(word))
    if not names:
        return None
    first = quote(f"{word}:{names[0]}")
    if len(names) == 1:
        return f"{quote(word)} names no network; write {first}"
    some = ", ".join(map(quote, names[1:_MOST])) + (", ..." if names[_MOST:] else "")
    return f"{quote(word)} names no network; write {first}, or one of its others: {some}"


def _names(word: str) -> Iterator[str]:
    """The networks of a file, those first that no other of them is made of."""
    source = Source(Path(word), Path.cwd())
    try:
        found = list(networks(source))
    except SourceError:
        return
    yield from sorted(
        (one.name for one in found), key=lambda name: source.data.count(f"{name}(".encode())
    )
