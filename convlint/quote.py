"""Words of the user inside a message of ours."""

from __future__ import annotations


def quote(text: str, longest: int = 80) -> str:
    """`text` between backquotes, on one line and not longer than one can read."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return f"`{text if len(text) <= longest else text[: longest - 3] + '...'}`"
