"""The answer for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convlint.job import Result
from convlint.report import Style
from convlint.sizes import Border, Condition, Sizes
from convlint.symbol import assigned
from convlint.terminal import to_string

_SHOWN = 12
"""Borders beyond this are only counted."""


def render(results: Sequence[Result], style: Style) -> str:
    """For which sizes each target works, and what becomes of it elsewhere."""
    return "\n\n".join("\n".join(_target(result, style)) for result in results) + "\n"


def _target(result: Result, style: Style) -> Iterator[str]:
    sizes = result.sizes
    if sizes is None:
        yield f"{result.target}: its sizes could not be followed"
        yield from (f"  {found.severity}[{found.code}] {found.message}"
                    for found in result.diagnostics if found.severity == "error")  # fmt: skip
        return
    if result.inferred:
        yield f"inferred input {result.inferred}"
    yield _styled(f"{result.target} with {sizes.inputs}", "bold", style)
    yield ""
    yield _styled(f"  {works(sizes)}", "bold green" if sizes.works else "bold red", style)
    yield f"  {certainty(sizes)}"
    if sizes.outputs and sizes.works:
        where = "" if sizes.is_general else f" for {assigned(dict(sizes.example))}"
        yield f"  gives {', '.join(sizes.outputs)}{where}"
    if sizes.read is not None:
        yield f"  reads every row and column for {_all(sizes.read)}"
    if sizes.even is not None:
        yield f"  pads evenly for {_all(sizes.even)}"
    if sizes.borders:
        yield ""
        yield "  fails"
        yield from _borders(sizes.borders[:_SHOWN], style)
        if len(sizes.borders) > _SHOWN:
            yield f"    ... and in {len(sizes.borders) - _SHOWN} more ways"


def _styled(text: str, how: str, style: Style) -> str:
    """A line in colours where they are wanted."""
    if not style.color:
        return text
    from rich.text import Text

    return to_string([Text(text, how)], color=True).rstrip("\n")


def works(sizes: Sizes) -> str:
    """For which sizes it works, or why for none."""
    if not sizes.works:
        return f"no size works{_because(sizes)}"
    return f"works for {_all(sizes.works)}"


def _because(sizes: Sizes) -> str:
    return f": {sizes.borders[0].message}" if sizes.borders else ""


def _all(conditions: Sequence[Condition]) -> str:
    return "; ".join(one.text for one in conditions) or "none of these"


def certainty(sizes: Sizes) -> str:
    """Whether that is proven, and which sizes were followed."""
    bounds = ", ".join(
        f"{one.letter} = {one.first}..{one.last}" if one.first != one.last
        else f"{one.letter} = {one.first}" for one in sizes.bounds
    )  # fmt: skip
    if not sizes.proven:
        return f"tested for {bounds}; not proven: {'; '.join(sizes.reasons)}"
    if any(one.is_open for one in sizes.bounds):
        return f"proven for all sizes (followed for {bounds})"
    return f"proven: all of {bounds} were followed"


def _borders(borders: Sequence[Border], style: Style) -> Iterator[str]:
    width = min(40, max(len(one.where) for one in borders))
    for one in borders:
        place = one.location
        at = f"  {style.path(place.filename)}:{place.row}" if place is not None else ""
        yield f"    {one.where:<{width}}  {one.code} {one.message}{at}"
