"""The sizes that a reshape is asked for: what comes out has others where these are impossible."""

from __future__ import annotations

from typing import Any, Final

from convlint.dims import Shape, Unknown
from convlint.network import Layer

_RESHAPES: Final = frozenset({"view", "reshape", "view_as", "reshape_as"})


def is_repaired(layer: Layer) -> bool:
    """Whether a reshape cannot be done, so that what comes out is what another call would give."""
    if layer.op not in _RESHAPES:
        return False
    if layer.rejected is not None:
        return True
    asked, made = asked_sizes(layer), layer.output.shape
    if asked is None or made is None:
        return False
    return len(asked) != len(made) or any(
        isinstance(n, int) and isinstance(m, int) and n not in (-1, m)
        for n, m in zip(asked, made, strict=True)
    )


def asked_sizes(layer: Layer) -> Shape | None:
    """The sizes written in a view, reshape or unflatten; None for a view as another dtype."""
    args = layer.args
    if layer.op in ("view_as", "reshape_as"):
        shape: Shape | None = args["other"].shape
        return shape
    written: Any = args["sizes"] if layer.op == "unflatten" else args["shape"]
    if layer.op == "view" and args["size"] is not None:
        written = args["size"]
    if layer.op == "view" and args["dtype"] is not None:
        return None
    if isinstance(written, int):
        written = (written,)
    if not all(isinstance(n, (int, Unknown)) for n in written):
        return None
    return tuple(written)
