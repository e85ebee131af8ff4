"""Inputs that nobody has given, found from the network itself.

It is recorded over inputs of which nothing is known, and the first layers behind each say which
rank and dtype they take; then over inputs of known rank, whose sides say which numbers they must
have; then sizes are tried.  A guess is always told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from convlint.discover import Given

if TYPE_CHECKING:
    from torch import nn

RANK: Final = 5


def inferred(module: nn.Module, training: bool = False) -> Given | None:
    """What a network can be called with, and why; None where it needs nothing.

    Raises:
        Untold: of a parameter nothing tells what it is.
    """
    from convlint.discover.inference import search  # needs torch, as most of what is here not

    return search.inferred(module, training)
