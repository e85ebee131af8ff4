"""Where the kinds of steps are registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tests.composed.draft import Draft

Text: TypeAlias = str | tuple[str, str]
Kind: TypeAlias = Callable[[Draft], Text]

KINDS: Final[list[Kind]] = []
"""Every kind as often as its weight says."""
ENDS: Final[list[Kind]] = []
"""What stands at the end of a network only: losses."""


def kind(weight: int = 1) -> Callable[[Kind], Kind]:
    """Register a kind of step."""

    def register(function: Kind) -> Kind:
        KINDS.extend([function] * weight)
        return function

    return register


def end(function: Kind) -> Kind:
    """Register what ends a network."""
    ENDS.append(function)
    return function
