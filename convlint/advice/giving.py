"""Where the numbers of a definition are given: the call whose parameters they are."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from convlint.advice.statement import written
from convlint.diagnostic import Location
from convlint.frame import Frame

_MOST: Final = 3
"""So many calls are followed outwards."""


def givers(frames: Sequence[Frame]) -> Iterator[tuple[Location, str]]:
    """The calls that give what a definition takes, from the inside out, and what they give.

    Args:
        frames: the user's frames where a module was made, innermost first.
    """
    for inner, outer in itertools.pairwise(frames[: _MOST + 1]):
        names = _taken(inner)
        if not names or outer.location is None:
            return
        given = ", ".join(f"`{name}`" for name in names)
        yield outer.location, f"{given} {'is' if len(names) == 1 else 'are'} given here"


def _taken(frame: Frame) -> list[str]:
    """The parameters of the function that an expression in it reads, in order."""
    found = written(frame.location)
    if found is None:
        return []
    code = frame.code
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    names = [n.id for n in ast.walk(found.expression) if isinstance(n, ast.Name)]
    return [name for name in dict.fromkeys(names) if name in parameters and name != "self"]
