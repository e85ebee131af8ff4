"""Comments that switch rules off: `# convlint: ignore[CL210] why`, `# convlint: file-ignore[CL2]`.

Read from comment tokens, never from strings.  What rules there are is not known here.
"""

from __future__ import annotations

import difflib
import io
import linecache
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from typing import Final

from convlint.diagnostic import Location

_LIKELY: Final = re.compile(rb"#\s*convlint\s*:", re.IGNORECASE)
_HEAD: Final = re.compile(r"(?<!\S)#\s*convlint\s*:\s*", re.IGNORECASE)
_VERB: Final = re.compile(r"[\w-]+")
_BRACKETS: Final = re.compile(r"\s*\[([^\[\]]*)\]")
_CODE: Final = re.compile(r"CL\d+", re.IGNORECASE)
_RULE: Final = re.compile(r"CL\d+|[a-z0-9]+(-[a-z0-9]+)+", re.IGNORECASE)
_LINE: Final = "ignore"
_FILE: Final = "file-ignore"
_OTHER: Final = frozenset({"target"})
"""What else is said to convlint in comments: the examples of rules tell so what to check."""

_LAYOUT: Final = frozenset(
    {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}
)


@dataclass(frozen=True, slots=True)
class Selector:
    """A code, the beginning of one, or a name between the brackets."""

    text: str
    location: Location


@dataclass(frozen=True, slots=True)
class Pragma:
    """A comment that switches rules off; without selectors, all of them."""

    text: str
    """As it is written, without the reason."""
    location: Location
    selectors: tuple[Selector, ...] = ()
    whole_file: bool = False
    alone: bool = False
    """Whether it stands between statements, where nothing is made or called."""
    rows: tuple[int, ...] = ()
    """The statement it stands in or before; for a whole file, where its functions begin."""
    instead: str = ""
    """What to write, where it is not understood: then it switches nothing off."""

    @property
    def verb(self) -> str:
        """The word before the brackets."""
        return _FILE if self.whole_file else _LINE


def read(filename: str) -> tuple[Pragma, ...]:
    """The pragmas of a source file; none where it cannot be read."""
    try:
        with open(filename, "rb") as stream:
            if _LIKELY.search(stream.read()) is None:  # as most
                return ()
        with tokenize.open(filename) as source:
            text = source.read()
    except OSError:  # a notebook's cell, which only linecache knows
        text = "".join(linecache.getlines(filename))
    except (SyntaxError, ValueError):
        return ()
    return pragmas(text, filename)


def pragmas(text: str, filename: str = "") -> tuple[Pragma, ...]:
    """The pragmas of a source text; none where it is not Python's."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return ()
    if any(token.type == tokenize.ERRORTOKEN for token in tokens):
        return ()
    beginnings = _beginnings(tokens)
    return tuple(
        replace(found, rows=beginnings) if found.whole_file else found
        for found in _placed(tokens, filename)
    )


def _placed(tokens: list[tokenize.TokenInfo], filename: str) -> Iterator[Pragma]:
    """The pragmas with the rows of the statements they stand in, or before."""
    waiting: list[Pragma] = []
    first = 0
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            found = _said(token.string, Location(filename, row, column + 1))
            waiting += (replace(one, alone=not first, rows=(row,)) for one in found)
        elif token.type == tokenize.NEWLINE:
            # A comment behind a statement comes before its NEWLINE, as those within it do.
            rows = tuple(range(first or token.start[0], token.start[0] + 1))
            yield from (replace(one, rows=rows) for one in waiting)
            waiting, first = [], 0
        elif token.type not in _LAYOUT:
            first = first or token.start[0]
    yield from waiting


def _beginnings(tokens: list[tokenize.TokenInfo]) -> tuple[int, ...]:
    """Where the functions of a file begin; where there are any `forward`, these."""
    found = [
        (name.string, word.start[0])
        for word, name in pairwise(tokens)
        if word.type == tokenize.NAME and word.string == "def"
    ]
    forwards = tuple(row for name, row in found if name == "forward")
    return forwards or tuple(row for _, row in found)


def _said(comment: str, start: Location) -> Iterator[Pragma]:
    """What one comment says to convlint; `# noqa # convlint: ignore` is one comment."""
    heads = list(_HEAD.finditer(comment))
    for head, following in zip_longest(heads, heads[1:]):
        said = comment[: following.start() if following else None].rstrip()
        verb = _VERB.match(said, head.end())
        if verb is not None and verb[0].lower() not in _OTHER:
            yield from _read(said, head.start(), verb, start)


def _read(comment: str, begin: int, verb: re.Match[str], start: Location) -> Iterator[Pragma]:
    """The pragma that reaches from `begin` to its brackets, or to the end if it is misspelt."""

    def span(begin: int, end: int) -> Location:
        column = start.column
        return Location(start.filename, start.row, column + begin, start.row, column + end)

    said, after = verb[0].lower(), comment[verb.end() :]
    brackets = _BRACKETS.match(after)
    offset = verb.end() + brackets.start(1) if brackets else 0
    selectors = tuple(
        Selector(part[0], span(offset + part.start(), offset + part.end()))
        for part in re.finditer(r"[^\s,]+", brackets[1] if brackets else "")
    )
    if said in (_LINE, _FILE):
        understood = bool(selectors) if brackets else _is_reason(after)
    elif _is_prose(said, after):
        return
    else:
        understood = False
    end = len(comment)
    if brackets or understood:
        end = verb.end() + (brackets.end() if brackets else 0)
    yield Pragma(
        comment[begin:end],
        span(begin, end),
        selectors if understood else (),
        said == _FILE,
        instead="" if understood else _instead(said, after),
    )


def _is_reason(after: str) -> bool:
    """Whether only words follow: not the rules for which the brackets were forgotten."""
    words = _VERB.findall(after)
    if after.lstrip().startswith("["):  # never closed
        return False
    return not words or not (
        _CODE.fullmatch(words[0]) or all(_RULE.fullmatch(word) for word in words)
    )


def _is_prose(verb: str, after: str) -> bool:
    """Whether a comment with a word of its own in front only speaks of convlint."""
    said = after.startswith(" ") and _is_reason(after) and not re.search(r"\w\[", after)
    return said and _near(verb) is None


def _near(verb: str) -> str | None:
    return next(iter(difflib.get_close_matches(verb, (_LINE, _FILE), n=1)), None)


def _instead(verb: str, after: str) -> str:
    """The comment that was meant."""
    inside = re.match(r"\s*\[([^\[\]]*)", after)
    words = re.findall(r"[^\s,]+", inside[1]) if inside else _VERB.findall(after)
    rules = [word for word in words if inside or _RULE.fullmatch(word)]
    return f"# convlint: {_near(verb) or _LINE}[{', '.join(rules) or 'CODE'}]"
