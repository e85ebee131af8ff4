"""What is asked of one check, and what it answers: plain data that goes between processes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from convlint.contract import Contract
from convlint.diagnostic import Diagnostic, Location, Severity
from convlint.extent import Extent
from convlint.selection import Selection, is_fixed
from convlint.sizes import Sizes
from convlint.spec import InputSpec
from convlint.symbol import Dims
from convlint.target import Target

Mode: TypeAlias = Literal["eval", "train"]


@dataclass(frozen=True, slots=True)
class Job:
    """Check `target`, called with `inputs`, in `mode`, by the selected rules."""

    target: Target
    inputs: tuple[InputSpec, ...] = ()
    mode: Mode = "eval"
    selection: Selection = field(default_factory=Selection)
    want_shapes: bool = False
    want_sizes: bool = False
    expected: tuple[Contract, ...] = ()
    """What must come out."""
    name: str = ""
    """What configuration calls the target, if it does."""
    by: str = ""
    """Who gives the inputs, where neither the command line nor configuration does."""
    dims: Dims = field(default_factory=Dims)
    """What the letters of the inputs may be."""
    locked: Extent | None = None
    """For which sizes it must work, by `convlint.lock`."""
    want_proposals: bool = False
    """Whether each finding shall say what might mend it."""
    instead: tuple[tuple[str, str], ...] = ()
    """The text of files that are to be read so, and not as they are."""

    @property
    def display(self) -> str:
        """What reports call the target."""
        return self.name or self.target.display


@dataclass(frozen=True, slots=True)
class Row:
    """A line of `convlint shapes`: one layer, and what goes in and out of it."""

    name: str
    op: str
    input_shapes: tuple[str, ...] = ()
    output_shape: str | None = None
    formula: str | None = None
    location: Location | None = None
    codes: tuple[str, ...] = ()
    layer: str = ""
    """The module path, as the findings about it have it."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """The lines of one of the user's functions that ran on no path; none where all did."""

    function: str
    filename: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """Lines of one of the user's files that surely ran, where it has comments for convlint."""

    filename: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What was found in one target.

    `incomplete` where something could not be checked; `layers` counts the ones that were, and
    `unseen` has the lines that were not, of every function that decides anything.  `files` are
    the user's own source files that were imported for the target, the target's among them.
    """

    target: str
    diagnostics: tuple[Diagnostic, ...] = ()
    rows: tuple[Row, ...] = ()
    incomplete: bool = False
    layers: int = 0
    unseen: tuple[Unseen, ...] = ()
    files: tuple[str, ...] = ()
    ran: tuple[Ran, ...] = ()
    inputs: str = ""
    """With which inputs, and by whose word, where that was not given explicitly."""
    inferred: str = ""
    """With which inputs, and why, where they were found from the network itself."""
    opened: tuple[str, ...] = ()
    """Other files that the user's code has read, or has not found."""
    hurried: bool = False
    """Whether something was left out for want of time: the next run may say more."""
    sizes: Sizes | None = None
    """For which sizes of the letters it works, where that was asked."""

    @property
    def unchecked(self) -> bool:
        """Whether silence about this target must not be taken for health."""
        return self.incomplete or any(
            must_stand(found) and found.severity is Severity.ERROR for found in self.diagnostics
        )


def must_stand(found: Diagnostic) -> bool:
    """Whether a finding says that something was not checked: no comment or baseline hides it."""
    return is_fixed(found.code) and found.severity is not Severity.INFO


def merge(results: Iterable[Result]) -> Result:
    """The results of one target in several modes as one: what both say is said once."""
    first, *rest = results
    for other in rest:
        first = replace(
            first,
            diagnostics=tuple(dict.fromkeys(first.diagnostics + other.diagnostics)),
            rows=first.rows or other.rows,
            incomplete=first.incomplete or other.incomplete,
            layers=max(first.layers, other.layers),
            unseen=_in_both(first.unseen, other.unseen),
            files=tuple(dict.fromkeys(first.files + other.files)),
            ran=first.ran + other.ran,
            opened=tuple(dict.fromkeys(first.opened + other.opened)),
            hurried=first.hurried or other.hurried,
            sizes=first.sizes or other.sizes,
            inferred="; ".join(dict.fromkeys(filter(None, (first.inferred, other.inferred)))),
        )
    return first


def _in_both(first: Iterable[Unseen], other: Iterable[Unseen]) -> tuple[Unseen, ...]:
    """The lines that ran in neither mode."""
    found = {(one.function, one.filename): one for one in first}
    for one in other:
        before = found.get((one.function, one.filename))
        if before is not None:
            one = replace(one, rows=tuple(row for row in one.rows if row in before.rows))
        found[one.function, one.filename] = one
    return tuple(found.values())
