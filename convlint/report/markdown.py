"""GitHub's Markdown, for the comment on a pull request or the summary of a job.

A table of the findings, then, folded, each with its source lines, and the shapes of every layer.
`--statistics` gives a table of counts in place of all that; `--quiet` leaves the summary away.

https://github.github.com/gfm/
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from convlint.diagnostic import Diagnostic
from convlint.job import Result
from convlint.report import Style
from convlint.report.text import render as text
from convlint.report.text import summary
from convlint.table import columns
from convlint.terminal import printed

SHAPES: Final = True

_CODE: Final = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_SIGNS: Final = re.compile(r"[\\`*_\[\]<>#|~&$]|:(?=\w)")
_PING: Final = re.compile(r"[@#](?=\w)")


def render(results: Sequence[Result], style: Style) -> str:
    """The blocks, with an empty line between them."""
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    blocks = [] if style.quiet else [f"**convlint**: {_prose(summary(results).plain)}"]
    if style.statistics:
        blocks += _counts(found)
    else:
        blocks += [*_findings(found, style), *_details(results, style)]
        blocks += [block for result in results for block in _shapes(result, style)]
    return "".join(f"{block}\n\n" for block in blocks)


def _counts(found: Sequence[Diagnostic]) -> Iterator[str]:
    counts = Counter((one.code, one.name) for one in found)
    if counts:
        rows = [[str(n), code, _prose(name)] for (code, name), n in counts.most_common()]
        yield _table(["findings", "code", "name"], rows)


def _findings(found: Sequence[Diagnostic], style: Style) -> Iterator[str]:
    rows = []
    for one in found:
        where = style.span(one.location) if one.location else None
        place = f"{where.filename}:{where.row}" if where else one.target
        name = _prose(f"{one.code} {one.name}")
        rows.append([one.severity.value, name, _code(place), _prose(one.message)])
    if rows:
        yield _table(["severity", "code", "place", "message"], rows)


def _details(results: Sequence[Result], style: Style) -> Iterator[str]:
    """The report for people, in a fence that nothing inside it can close."""
    plain = Style(quiet=True, directory=style.directory, root=style.root)
    lines = text(results, plain)
    if lines:
        fence = _ticks(lines, 3)
        yield _folded("Details", f"{fence}text\n{lines}{fence}")


def _shapes(result: Result, style: Style) -> Iterator[str]:
    shown = columns(result.rows, style)
    if shown:
        rows = [[_code(cell) for cell in row] for row in zip(*shown.values(), strict=True)]
        yield _folded(f"Shapes of {_html(result.target)}", _table(list(shown), rows))


def _folded(title: str, block: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{block}\n\n</details>"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _prose(text: str) -> str:
    """Text of which only what stands in backticks is more than text, and that pings nobody."""
    parts = _CODE.split(printed(text))
    return "".join(_code(part) if at % 2 else _plain(part) for at, part in enumerate(parts))


def _plain(text: str) -> str:
    return _PING.sub(r"\g<0><!-- -->", _SIGNS.sub(r"\\\g<0>", text))


def _code(text: str) -> str:
    """A code span; the cell of a table ends at a bar even there."""
    text = printed(text).replace("|", r"\|")
    if not text.strip():
        return text
    ticks = _ticks(text, 1)
    space = " " if "`" in (text[0], text[-1]) else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _ticks(text: str, least: int) -> str:
    """More backticks than `text` has in a row."""
    return "`" * max([least, *(len(run) + 1 for run in re.findall("`+", text))])


def _html(text: str) -> str:
    return _PING.sub(r"\g<0><!-- -->", html.escape(printed(text), quote=False))
