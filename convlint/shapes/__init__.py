"""Shape functions: one file per family, registered by presence."""

from __future__ import annotations

import importlib
import pkgutil

from convlint.shapes.registry import (
    Operator,
    Rejected,
    explains,
    explanation,
    find,
    is_named,
    lowering,
    lowers,
    named,
    operator,
    operators,
    parameter,
)

__all__ = [
    "Operator",
    "Rejected",
    "explains",
    "explanation",
    "find",
    "is_named",
    "load",
    "lowering",
    "lowers",
    "named",
    "operator",
    "operators",
    "parameter",
]


def load() -> None:
    """Import every family in this folder."""
    for found in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{found.name}")


load()
