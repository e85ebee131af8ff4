"""The table of `convlint shapes`: every layer with what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from convlint.job import Result, Row
from convlint.report import Style, called
from convlint.report.text import heading, summary
from convlint.terminal import printed, to_string

_TITLES = ("layer", "op", "input", "output", "formula", "at", "faults")


def render(results: Sequence[Result], style: Style) -> str:
    """One table for each target, with the findings in short below it."""
    lines: list[Text] = []
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
        lines.pop()
    else:
        lines += [summary(results), *map(Text, called(results))]
    return to_string(lines, style.color)


def _table(rows: Sequence[Row], style: Style) -> list[Text]:
    """The rows below their titles; a column in which nothing stands is left out."""
    cells = [_cells(row, style) for row in rows]
    used = [column for column in range(len(_TITLES)) if any(line[column] for line in cells)]
    widths = {column: max(cell_len(line[column]) for line in (_TITLES, *cells)) for column in used}
    if not rows:
        return []
    lines = [_aligned(_TITLES, widths, ("dim",) * len(_TITLES))]
    for row, line in zip(rows, cells, strict=True):
        colors = ("bold", "", "", "red" if row.codes else "green", "cyan", "dim", "bold red")
        lines.append(_aligned(line, widths, colors))
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


def _aligned(cells: Sequence[str], widths: Mapping[int, int], colors: Sequence[str]) -> Text:
    text = Text()
    for column, width in widths.items():
        text.append(cells[column], colors[column])
        text.append(" " * (width - cell_len(cells[column]) + 2))
    text.rstrip()
    return text
