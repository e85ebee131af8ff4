"""The networks that are measured: full size, plain torch, no weights to download."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "models"
_MARK = "# convlint: target Net "


@dataclass(frozen=True, slots=True)
class Model:
    """A file with a class `Net`, whose first line tells the input."""

    name: str
    path: Path
    input: str

    @property
    def title(self) -> str:
        """What the file's docstring calls it."""
        words = self.path.read_text(encoding="utf-8").splitlines()[1].strip('"')
        return words.partition(" (")[0].partition(":")[0]


def models() -> Iterator[Model]:
    """Every file of the folder `models`."""
    for path in sorted(_FOLDER.glob("*.py")):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        if not first.startswith(_MARK):
            raise ValueError(f"{path.name} does not begin with {_MARK!r}")
        yield Model(path.stem, path, first.removeprefix(_MARK))
