"""What convlint tells: a fault, where it is, and what to write instead.

Field names follow ruff's JSON and SARIF.  Everything here is plain data: it is pickled between
processes and read by every report.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MADE: Final = "made here"
CALLED: Final = "called here"
"""How the labels begin that are put at a layer's definition and at its call."""


class Severity(StrEnum):
    """How bad it is: `error` raises or is certainly wrong; `warning` runs and is almost surely
    not meant; `info` is true and good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info, 2 for error: what `--fail-on` compares."""
        return {"info": 0, "warning": 1, "error": 2}[self.value]


FAIL_ON: Final = (*(severity.value for severity in Severity), "never")
"""What `--fail-on` may be: the least severity that fails a run."""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A span of a source file.  Rows and columns count from 1; the end column is exclusive."""

    filename: str
    row: int
    column: int = 1
    end_row: int = 0
    end_column: int = 0


@dataclass(frozen=True, slots=True)
class Label:
    """A secondary place, and what happens there."""

    message: str
    location: Location


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `content` in place of what is at `location`."""

    content: str
    location: Location


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that mend a finding.  `applicability` is `safe`, `unsafe` or `display`."""

    applicability: str
    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Edits that might mend a finding; the lower the `rank`, the likelier.  Nobody has tried it."""

    rank: int
    edits: tuple[Edit, ...]
    is_number: bool = False
    """Whether it writes the number that the constraint asks for, however far it has to go."""

    @property
    def is_meant(self) -> bool:
        """Whether it is for the very fault, and not for any."""
        return self.is_number or self.rank <= 2


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `location` is where the change belongs (None where no source line can be told), `label` what
    to write beside it; `layer` is the module path ("features.0"); shapes are printed ones.
    """

    code: str
    name: str
    severity: Severity
    message: str
    location: Location | None = None
    label: str = ""
    related: tuple[Label, ...] = ()
    formula: str | None = None
    help: tuple[str, ...] = ()
    note: tuple[str, ...] = ()
    target: str = ""
    layer: str = ""
    input_shapes: tuple[str, ...] = ()
    output_shape: str | None = None
    url: str | None = None
    fix: Fix | None = None
    proposals: tuple[Proposal, ...] = ()
    """What might mend it, the likeliest first, where that was asked."""

    @property
    def places(self) -> tuple[Location, ...]:
        """Where it stands, and where its layer is made and called."""
        labels = (one.location for one in self.related if one.message.startswith((MADE, CALLED)))
        return (*labels,) if self.location is None else (self.location, *labels)
