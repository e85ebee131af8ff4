"""The table of `convlint shapes`: every layer with what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from convlint.job import Result, Row
from convlint.report import Style, called, inferred
from convlint.report.text import heading, summary
from convlint.terminal import printed, to_string

_TITLES = ("layer", "op", "input", "output", "formula", "at", "faults")
_COLORS = dict(zip(_TITLES, ("bold", "", "", "", "cyan", "dim", "bold red"), strict=True))


def render(results: Sequence[Result], style: Style) -> str:
    """One table for each target, with the findings in short below it."""
    lines: list[Text] = list(map(Text, inferred(results)))
    for result in results:
        if len(results) > 1:
            lines.append(Text(printed(result.target), "bold underline"))
        lines += _table(result.rows, style)
        if result.rows and result.diagnostics:
            lines.append(Text())
        for found in result.diagnostics:
            where = found.location
            lines.append(heading(found))
            place = f"{style.path(where.filename)}:{where.row}:{where.column}" if where else ""
            lines.append(Text.assemble(("  --> ", "bold blue"), printed(place or found.target)))
        lines.append(Text())
    if style.quiet:
        del lines[-1:]
    else:
        lines += [summary(results), *map(Text, called(results))]
    return to_string(lines, style.color)


def columns(rows: Sequence[Row], style: Style) -> dict[str, list[str]]:
    """The columns by their titles; one in which nothing stands is left out."""
    cells = [_cells(row, style) for row in rows]
    all_columns = {title: [line[at] for line in cells] for at, title in enumerate(_TITLES)}
    return {title: column for title, column in all_columns.items() if any(column)}


def _table(rows: Sequence[Row], style: Style) -> list[Text]:
    """The rows below their titles."""
    shown = columns(rows, style)
    if not rows:
        return []
    widths = [max(map(cell_len, (title, *column))) for title, column in shown.items()]
    lines = [_aligned(tuple(shown), widths, ("dim",) * len(shown))]
    for row, line in zip(rows, zip(*shown.values(), strict=True), strict=True):
        colors = {**_COLORS, "output": "red" if row.codes else "green"}
        lines.append(_aligned(line, widths, [colors[title] for title in shown]))
    return lines


def _cells(row: Row, style: Style) -> tuple[str, ...]:
    where = row.location
    cells = (
        row.name,
        row.op,
        ", ".join(row.input_shapes),
        row.output_shape or "?",
        row.formula or "",
        f"{style.path(where.filename)}:{where.row}" if where else "",
        " ".join(row.codes),
    )
    return tuple(printed(cell) for cell in cells)


def _aligned(cells: Sequence[str], widths: Sequence[int], colors: Sequence[str]) -> Text:
    text = Text()
    for cell, width, color in zip(cells, widths, colors, strict=True):
        text.append(cell, color)
        text.append(" " * (width - cell_len(cell) + 2))
    text.rstrip()
    return text
