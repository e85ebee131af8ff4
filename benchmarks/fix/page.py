"""What was measured, as a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.fix.case import Outcome

_HEAD: Final = """\
# How often a fix helps

Written by `python -m benchmarks.fix cases FOLDER --page FILE`. Every network is a real bug, as
somebody has asked for help with it, repaired by `--fix --unsafe-fixes` without help. It counts as
repaired if the repaired file runs in torch on its input in evaluation and in training, and a second
convlint of it finds nothing. Trials are checks of the whole network with an edit in it.

| | repaired | with changes outside of the edits |
|---|---:|---:|
"""

_TAIL: Final = """
A repaired network runs; whether it is what its author wanted, a reader must say. One that is *not*
repaired needs more than one place changed that no single finding points to, or an edit that no
proposer knows.
"""


def page(found: Sequence[Outcome]) -> str:
    """The page about real bugs."""
    rows = [
        _row("torch raises", [one for one in found if not one.silent]),
        _row("torch runs it, and it is wrong", [one for one in found if one.silent]),
        "",
        "| network | repaired | trials | what was written |",
        "|---|---|---:|---|",
        *map(_line, found),
    ]
    return f"{_HEAD}{chr(10).join(rows)}\n{_TAIL}"


def _row(name: str, found: Sequence[Outcome]) -> str:
    good = sum(one.repaired for one in found)
    share = f" ({100 * good / len(found):.0f} %)" if found else ""
    other = sum(not one.only_spans for one in found)
    return f"| {name} | {good} of {len(found)}{share} | {other} |"


def _line(one: Outcome) -> str:
    word = "yes" if one.repaired else "**no**"
    return f"| {one.name} | {word} | {one.trials} | {_cell(one.edits)} |"


def _cell(edits: Iterable[str]) -> str:
    return "; ".join(edit.replace("|", "\\|").replace("\n", " ") for edit in edits)
