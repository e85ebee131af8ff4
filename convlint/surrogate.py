"""Files that are read as somebody has them in mind, and not as they are on the disk."""

from __future__ import annotations

import io
import linecache
import os
import tokenize
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from typing import Any


def _encoded(text: str) -> bytes:
    """As the file would have it that says its encoding."""
    lines = io.BytesIO(text.encode("ascii", "replace")).readline
    return text.encode(tokenize.detect_encoding(lines)[0])


def read_instead(texts: Mapping[str, str]) -> None:
    """Let this process import and quote the files named in `texts` as the texts have them.

    Args:
        texts: by absolute path.
    """
    data, stats = SourceFileLoader.get_data, SourceFileLoader.path_stats

    def get_data(self: SourceFileLoader, path: str) -> bytes:
        text = texts.get(os.path.abspath(path))
        return data(self, path) if text is None else _encoded(text)

    def path_stats(self: SourceFileLoader, path: str) -> Any:
        if os.path.abspath(path) in texts:
            raise OSError  # no compiled code belongs to it
        return stats(self, path)

    SourceFileLoader.get_data = get_data  # type: ignore[method-assign,assignment]
    SourceFileLoader.path_stats = path_stats  # type: ignore[method-assign]
    for path, text in texts.items():
        # Without a time, `linecache.checkcache` leaves it as it is.
        linecache.cache[path] = (len(text), None, list(io.StringIO(text, newline="")), path)


def text(path: str) -> str:
    """The text of a file as this process has it in mind, with its line ends.

    Raises:
        OSError: it cannot be read.
        SyntaxError: it names an encoding that there is not.
        UnicodeDecodeError: it is in another encoding than it says.
    """
    known = linecache.cache.get(path)
    if known is not None and len(known) > 1 and known[1] is None:
        return "".join(known[2])
    with open(path, "rb") as file:
        encoding, _ = tokenize.detect_encoding(file.readline)
        file.seek(0)
        return file.read().decode(encoding)
