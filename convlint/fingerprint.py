"""What a finding is recognised by when the file around it has changed.

The target, the layer's path, the code, and the message without its numbers; never a line, which
moves with every edit above it.  A layer that is used twice gives two findings on one line, and
their paths tell them apart.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from convlint.diagnostic import Diagnostic

_NUMBERS: Final = re.compile(r"\d+(?:[.,×x\s]+\d+)*")
"""A number, or several of them, as in a shape: how many axes it has may change too."""


def fingerprints(found: Iterable[Diagnostic]) -> tuple[str, ...]:
    """One for each finding, all different: findings that are alike are counted (`:1`, `:2`)."""
    seen: Counter[str] = Counter()
    marks = []
    for one in found:
        key = [one.target, one.layer, one.code, _NUMBERS.sub("#", one.message)]
        mark = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
        seen[mark] += 1
        marks.append(f"{mark}:{seen[mark]}")
    return tuple(marks)
