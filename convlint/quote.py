"""Words of the user inside a message of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def quote(text: str, longest: int = 80) -> str:
    """`text` between backquotes, on one line and not longer than one can read."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return f"`{text if len(text) <= longest else text[: longest - 3] + '...'}`"


def shorten(text: str, longest: int = 300) -> str:
    """`text` on one line and not longer than one can read."""
    text = " ".join(text[: 9 * longest].split())
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def told(write: Callable[[_T], str], value: _T) -> str:
    """What `write` makes of an object of the user's, shortened; nothing where it refuses."""
    try:
        return shorten(write(value))
    except Exception:
        return ""


def described(error: BaseException) -> str:
    """Kind and text of an exception."""
    text = told(str, error)
    kind = type(error).__name__
    return f"{kind}: {text}" if text else kind
