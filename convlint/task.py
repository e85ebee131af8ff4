"""One network that is to be linted, and who says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from convlint.contract import Contract
from convlint.job import Job, Mode
from convlint.selection import Selection
from convlint.spec import InputSpec
from convlint.symbol import Dims
from convlint.target import Target

COMMAND_LINE: Final = "command line"


@dataclass(frozen=True, slots=True)
class Task:
    """A target with what it is called with: one `Job` for each mode.

    `name` is the one that configuration gives it, else empty; `ignore` selects rules that are off
    for this target; `origin` says where the task was found, as `pyproject.toml:12`, and `by` who
    gives its inputs, where neither the command line nor configuration does.  `dims` is what is said
    of the letters of the inputs.
    """

    target: Target
    inputs: tuple[InputSpec, ...] = ()
    modes: tuple[Mode, ...] = ("eval",)
    expected: tuple[Contract, ...] = ()
    name: str = ""
    ignore: tuple[str, ...] = ()
    origin: str = COMMAND_LINE
    by: str = ""
    dims: Dims = field(default_factory=Dims)

    @property
    def by_word(self) -> bool:
        """Whether only a word of the command line names it."""
        return self.origin == COMMAND_LINE

    @property
    def display(self) -> str:
        """What reports call it."""
        return self.name or self.target.display

    def jobs(
        self, selection: Selection, want_shapes: bool = False, want_sizes: bool = False
    ) -> Iterator[Job]:
        """What is to be done, one job for each mode."""
        chosen = replace(selection, ignore=(*selection.ignore, *self.ignore))
        for mode in self.modes:
            yield Job(
                self.target,
                self.inputs,
                mode,
                chosen,
                want_shapes,
                want_sizes,
                self.expected,
                self.name,
                self.by,
                self.dims.including(self.inputs),
            )
