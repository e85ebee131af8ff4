"""In which line of a TOML file a key stands: the standard library's reader does not tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"\"[^\"]*\"|'[^']*'|[^.\s\"']+")


class Rows:
    """The lines of a file."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def of(self, path: Sequence[str | int]) -> int:
        """The line of a key, as near as can be told from the text: from 1.

        Args:
            path: the tables that it stands in and the key itself, with numbers from 0 for
                `[[tables]]`.
        """
        path = tuple(path)
        first, best = 1, 0
        counts: dict[tuple[str, ...], int] = {}
        header: tuple[str | int, ...] = ()
        for number, line in enumerate(self._lines, 1):
            found = _HEADER.match(line)
            if found:
                words = tuple(_unquoted(word) for word in _KEY.findall(found[2]))
                header = words
                if found[1] == "[[":
                    counts[words] = counts.get(words, -1) + 1
                    header = (*words, counts[words])
                if path[: len(header)] == header and len(header) > best:
                    first, best = number, len(header)
            elif path[: len(header)] == header:
                rest = [str(word) for word in path[len(header) :] if isinstance(word, str)]
                held = _held(line, rest)
                if held and len(header) + held > best:
                    first, best = number, len(header) + held
        return first


def _held(line: str, words: Sequence[str]) -> int:
    """How many of `words`, from the first on, are keys of this line, one within the other."""
    place, held = 0, 0
    for word in words:
        key = re.escape(word)
        start = r"\s*" if not held else r".*?[{,.]\s*"
        found = re.compile(rf"{start}[\"']?{key}[\"']?\s*[=.]").match(line, place)
        if not found:
            break
        place, held = found.end() - 1, held + 1
    return held


def _unquoted(word: str) -> str:
    return word[1:-1] if word[:1] in "\"'" else word
