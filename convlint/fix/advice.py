"""What a finding's own help says to write: `.permute(0, 2, 1)`, `batch_first=True`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from convlint.diagnostic import Diagnostic, Edit
from convlint.fix.patch import by_file, patched
from convlint.fix.source import Sources

_CALL: Final = re.compile(r"(?<!\))(\.[a-z]\w*\([-\d, ]*\))(?: on (\[[^\]]*\]))?")
"""The first of a chain: what follows has the sizes of the declared inputs."""
_FLAG: Final = re.compile(r"\b[a-z]\w*=(?:True|False)\b")


def calls(found: Diagnostic) -> tuple[tuple[str, str], ...]:
    """The methods that a help calls with numbers; on a tensor of which shape, where it says so."""
    said = (match.groups("") for text in found.help for match in _CALL.finditer(text))
    return tuple(dict.fromkeys((call, shape) for call, shape in said))


def is_advised(found: Diagnostic, edits: Sequence[Edit], sources: Sources) -> bool:
    """Whether edits write what a help names: a call, or a flag."""
    flags = (one for text in found.help for one in _FLAG.findall(text))
    said = (*(call for call, shape in calls(found) if not shape), *flags)
    if not said:
        return False
    for name, some in by_file(edits).items():
        tree = sources.tree(name)
        if tree is not None:
            text = patched(tree.text, some)
            if any(text.count(one) > tree.text.count(one) for one in said):
                return True
    return False
