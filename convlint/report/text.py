"""The findings for people, in rustc's manner.

`--statistics` gives counts by rule in place of the findings, `--quiet` leaves the summary away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from convlint.diagnostic import Diagnostic, Severity
from convlint.job import Result
from convlint.report import Style, called, inferred
from convlint.snippet import Mark, snippet
from convlint.terminal import printed, to_string

_FUNCTIONS: Final = 3
"""Of how many functions the lines that were not seen are told."""

COLORS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold cyan"}


def render(results: Sequence[Result], style: Style) -> str:
    """Every finding with its source lines, and a summary."""
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    lines: list[Text] = list(map(Text, inferred(results)))
    if lines and found:
        lines.append(Text())
    if style.statistics:
        lines += statistics(found)
    else:
        for diagnostic in found:
            lines += [*_diagnostic(diagnostic, style), Text()]
    if not style.quiet:
        if style.statistics and lines:
            lines.append(Text())
        lines += [summary(results), *map(Text, called(results)), *_unseen(results, style)]
    elif found and not style.statistics:
        lines.pop()
    return to_string(lines, style.color)


def heading(found: Diagnostic) -> Text:
    """`error[CL102 feature-mismatch]: the message`."""
    color = COLORS[found.severity]
    return Text.assemble(
        (f"{found.severity.value}[{found.code} {found.name}]", color),
        (f": {printed(found.message)}", "bold"),
    )


def summary(results: Sequence[Result]) -> Text:
    """The last line: how many of what, in how many targets."""
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    unchecked = sum(result.unchecked for result in results)
    counts = Counter(one.severity for one in found)
    if not found and not unchecked:
        layers = _count(sum(result.layers for result in results), "layer")
        what = results[0].target if len(results) == 1 else _count(len(results), "target")
        return Text(f"All checks passed: {printed(what)}, {layers}.", "green")
    words = ", ".join(_count(counts[one], one.value) for one in Severity if counts[one])
    text = f"Found {words or 'nothing'} in {_count(len(results), 'target')}"
    if unchecked:
        verb = "target was" if unchecked == 1 else "targets were"
        text += f"; {unchecked} {verb} not checked to the end"
    return Text(f"{text}.")


def _unseen(results: Sequence[Result], style: Style) -> Iterator[Text]:
    """What the findings say nothing of: the lines that ran on no path."""
    found = [one for result in results for one in result.unseen if one.rows]
    found = list(dict.fromkeys(found))
    for one in found[:_FUNCTIONS]:
        lines = f"{_count(len(one.rows), 'line')} of `{printed(one.function)}`"
        where = printed(f"{style.path(one.filename)}:{_ranges(one.rows)}")
        yield Text(f"{lines} {_were(len(one.rows))} not seen: {where}.")
    rest = found[_FUNCTIONS:]
    if rest:
        rows = sum(len(one.rows) for one in rest)
        lines = f"{_count(rows, 'line')} of {_count(len(rest), 'other function')}"
        yield Text(f"{lines} {_were(rows)} not seen.")


def _ranges(rows: Sequence[int]) -> str:
    """`40-42, 51`."""
    parts: list[tuple[int, int]] = []
    for row in rows:
        if parts and parts[-1][1] == row - 1:
            parts[-1] = parts[-1][0], row
        else:
            parts.append((row, row))
    return ", ".join(f"{a}-{b}" if b > a else str(a) for a, b in parts)


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _diagnostic(found: Diagnostic, style: Style) -> list[Text]:
    color = COLORS[found.severity]
    lines = [heading(found)]
    width = 2
    if found.location is None:
        where = printed(found.target) + (f" ({printed(found.layer)})" if found.layer else "")
        lines.append(Text.assemble(("  --> ", "bold blue"), where))
    else:
        marks = [Mark(found.location, found.label, "^", color)]
        marks += [Mark(label.location, label.message, "-", "blue") for label in found.related]
        shown, width = snippet(marks, style.path)
        lines += shown
    notes = [("formula", found.formula)] if found.formula else []
    notes += [("note", note) for note in found.note] + [("help", help) for help in found.help]
    if notes and found.location is not None:
        lines.append(Text(" " * width + " |", "bold blue"))
    for kind, text in notes:
        first, *rest = text.splitlines() or [""]
        lines.append(
            Text.assemble((" " * width + " = ", "bold blue"), (f"{kind}: ", "bold"), printed(first))
        )
        indent = " " * (width + 3 + len(kind) + 2)
        lines += [Text(indent + printed(line)) for line in rest]
    return lines


def statistics(found: Sequence[Diagnostic]) -> list[Text]:
    """How often each rule has spoken, most often first."""
    counts = Counter((one.code, one.name, one.severity) for one in found)
    if not counts:
        return []
    width = len(str(max(counts.values())))
    return [
        Text.assemble((f"{count:>{width}}", "bold"), "  ", (code, COLORS[severity]), f"  {name}")
        for (code, name, severity), count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
