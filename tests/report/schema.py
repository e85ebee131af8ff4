"""The JSON schemas that formats are held to.

`sarif-2.1.0.json` is the one of OASIS, as the npm package @microsoft/sarif-multitool-linux has it
(MIT).  The others are written after the formats' documentation, and refuse what it does not name.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator


@functools.cache
def _validator(name: str) -> Draft202012Validator:
    path = Path(__file__).parent / "schemas" / f"{name}.json"
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


def validated(text: str, name: str) -> Any:
    """`text` read as JSON, which is valid, ASCII, and has no half of a surrogate pair."""
    assert text.isascii()
    value = json.loads(text)
    json.dumps(value, ensure_ascii=False).encode()
    _validator(name).validate(value)
    return value
