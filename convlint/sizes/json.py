"""The answer for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from convlint.extent import ranges
from convlint.job import Result
from convlint.report import Style
from convlint.sizes import Condition, Sizes


def render(results: Sequence[Result], style: Style) -> str:
    """One object for each target."""
    return json.dumps([_target(result, style) for result in results], indent=2) + "\n"


def _target(result: Result, style: Style) -> dict[str, Any]:
    sizes = result.sizes
    found: dict[str, Any] = {"target": result.target, "followed": sizes is not None}
    return found if sizes is None else found | _sizes(sizes, style)


def _sizes(sizes: Sizes, style: Style) -> dict[str, Any]:
    return {
        "inputs": sizes.inputs,
        "works": _conditions(sizes.works),
        "proven": sizes.proven,
        "reasons": list(sizes.reasons),
        "letters": [
            {"letter": b.letter, "first": b.first, "last": b.last, "open": b.is_open}
            for b in sizes.bounds
        ],
        "outputs": list(sizes.outputs),
        "outputs_general": sizes.is_general,
        "example": dict(sizes.example),
        "fails": [
            {
                "where": one.where,
                "code": one.code,
                "message": one.message,
                "layer": one.layer,
                "share": one.share,
                "location": None
                if one.location is None
                else {
                    "path": style.path(one.location.filename),
                    "line": one.location.row,
                    "column": one.location.column,
                },
            }
            for one in sizes.borders
        ],
        "reads_all": _conditions(sizes.works if sizes.read is None else sizes.read),
        "pads_evenly": _conditions(sizes.works if sizes.even is None else sizes.even),
    }


def _conditions(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    return [
        {"letters": list(one.letters), "text": one.text, "ranges": ranges(one.sizes)}
        for one in conditions
    ]
