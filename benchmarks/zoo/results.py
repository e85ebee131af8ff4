"""Results as lines of JSON, so that a sweep that was interrupted can go on."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def read(path: Path, kind: type[T]) -> Iterator[T]:
    """The results in a file; a line that was cut off is left out."""
    if path.exists():
        for text in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError, TypeError):
                yield kind(**json.loads(text))


def line(result: Any) -> str:
    """A result (a dataclass) as it stands in a file."""
    return json.dumps(dataclasses.asdict(result)) + "\n"
