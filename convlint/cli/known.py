"""What a baseline knows already: it is read before the long work, and hidden after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from convlint.cli.output import say
from convlint.cli.status import Failure

if TYPE_CHECKING:
    from convlint.baseline import Counts
    from convlint.cli.call import Call
    from convlint.job import Result


def counts(file: Path, new: bool = False) -> Counts:
    """What a baseline counts; nothing where there is none and it is to be a `new` one."""
    from convlint import baseline

    try:
        return baseline.read(file)
    except baseline.BaselineError as error:
        if new and isinstance(error, baseline.Absent):
            return {}
        raise Failure(str(error)) from None


def hidden(results: Sequence[Result], known: Counts, file: Path, call: Call) -> list[Result]:
    """What is not in a baseline; what is, and what is no more, is told on stderr."""
    from convlint import baseline

    off = baseline.unasked(call.selection)
    found = baseline.compared(results, known, file.parent, off)
    for line in found.told if not call.quiet else ():
        say(line)
    return list(found.results)
