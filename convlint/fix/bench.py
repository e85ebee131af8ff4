"""Proposals are tried here: the network is checked as it would be with the edit in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

from convlint.diagnostic import Diagnostic, Edit, Proposal, Severity
from convlint.fix import patch
from convlint.fix.lines import Lines
from convlint.fix.patch import PatchError, Source
from convlint.job import Job, Mode, Result, Row

Run: TypeAlias = Callable[[Sequence[Job]], list[Result]]
"""Checks jobs, and answers with a result for each, in order."""

Key: TypeAlias = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True)
class State:
    """The text of every file that is edited so far, and what each job finds with it."""

    texts: Mapping[str, str]
    results: tuple[Result, ...]

    @property
    def keys(self) -> Counter[tuple[int, Key]]:
        """What there is to be mended, with the number of its job."""
        return Counter(
            {(i, one): n for i, found in enumerate(self.results) for one, n in keys(found).items()}
        )


@dataclass(slots=True)
class Bench:
    """Runs the jobs of a call with edited sources.

    `jobs` are all of them: an edit that mends one network may break another.
    """

    jobs: tuple[Job, ...]
    run: Run
    sources: dict[str, Source] = field(default_factory=dict)
    trials: int = 0
    """How many checks there have been."""

    def first(self) -> State:
        """What is found in the sources as they are."""
        return self.checked({})

    def checked(self, texts: Mapping[str, str]) -> State:
        """What every job finds, with what might mend it."""
        return State(dict(texts), tuple(self._run(self.jobs, texts, want_proposals=True)))

    def texts(self, state: State, edits: Iterable[Edit]) -> dict[str, str] | None:
        """The texts of a state with edits in them; None where they cannot be made."""
        texts = dict(state.texts)
        try:
            for name, parts in patch.by_file(edits).items():
                texts[name] = patch.patched(self.text(state, name), parts)
        except (ValueError, PatchError):
            return None
        return texts

    def text(self, state: State, name: str) -> str:
        """What a file says in a state.

        Raises:
            PatchError: it cannot be read.
        """
        if name not in self.sources:
            self.sources[name] = patch.read(Path(name))
        return state.texts.get(name, self.sources[name].text)

    def tried(
        self,
        state: State,
        place: int,
        wave: Sequence[Proposal],
        want_proposals: bool = False,
    ) -> list[Trial]:
        """What job `place` finds with each of the edits, where the network can be checked."""
        made = [(proposal, self.texts(state, proposal.edits)) for proposal in wave]
        trials = [(proposal, texts) for proposal, texts in made if texts is not None]
        job = replace(self.jobs[place], want_shapes=True, want_proposals=want_proposals)
        results = self._run_each([(job, texts) for _, texts in trials])
        found = zip(trials, results, strict=True)
        before = state.results[place]
        return [Trial(*made, one) for made, one in found if not broken(one, before)]

    def _run(
        self, jobs: Sequence[Job], texts: Mapping[str, str], want_proposals: bool = False
    ) -> list[Result]:
        asked = (replace(job, want_shapes=True, want_proposals=want_proposals) for job in jobs)
        return self._run_each([(job, texts) for job in asked])

    def _run_each(self, trials: Sequence[tuple[Job, Mapping[str, str]]]) -> list[Result]:
        self.trials += len(trials)
        if not trials:
            return []
        found = self.run([replace(job, instead=tuple(texts.items())) for job, texts in trials])
        return [
            self._in_the_source(one, texts) for one, (_, texts) in zip(found, trials, strict=True)
        ]

    def _in_the_source(self, result: Result, texts: Mapping[str, str]) -> Result:
        """The findings in the rows where they were before all edits: by these they are known."""
        moved = {}
        for name, text in texts.items():
            before = self.sources[name].text
            if len(Lines(text).starts) != len(Lines(before).starts):
                moved[name] = patch.rows(before, text)
        if not moved:
            return result
        return replace(result, diagnostics=tuple(_moved(d, moved) for d in result.diagnostics))

    def elsewhere(self, state: State, place: int, texts: Mapping[str, str]) -> list[Result]:
        """What the other jobs find, with other texts."""
        others = [job for i, job in enumerate(self.jobs) if i != place]
        return self._run(others, texts) if others else []

    def other_mode(self, place: int, texts: Mapping[str, str]) -> Result:
        """What the job finds in the mode that it is not asked for."""
        job = self.jobs[place]
        mode: Mode = "eval" if job.mode == "train" else "train"
        (result,) = self._run_each([(replace(job, mode=mode), texts)])
        return result


@dataclass(frozen=True, slots=True)
class Trial:
    """A proposal, and what is found once it is made."""

    proposal: Proposal
    texts: Mapping[str, str]
    result: Result

    @property
    def left(self) -> int:
        """How much there is still to be mended."""
        return keys(self.result).total()

    @property
    def score(self) -> int:
        """The less, the better: how unlikely it is, and twice what it leaves.

        What is not meant for the fault, and merely lets the network run, comes behind.
        """
        return self.proposal.rank + 2 * self.left + (0 if self.proposal.is_meant else _UNMEANT)


def _moved(found: Diagnostic, rows: Mapping[str, Sequence[int]]) -> Diagnostic:
    place = found.location
    if place is None or place.filename not in rows:
        return found
    known = rows[place.filename]
    row = known[place.row - 1] + 1 if place.row <= len(known) else place.row
    there = replace(place, row=row, end_row=row + place.end_row - place.row)
    return replace(found, location=there)


_UNMEANT: Final = 4
"""How much less likely is what is not meant for the fault."""
_RAISED: Final = "CL190"
"""The rule that tells where the user's own code ends by an exception."""
_ROWS: Final = re.compile(r"\[(\d+)")
_ANY: Final = "CL199"
"""The rule for whatever torch refuses: of which operator it speaks, its message says."""


def key(found: Diagnostic) -> Key:
    """What a finding is recognised by when the source has changed."""
    row = found.location.row if found.location is not None else 0
    layer = found.layer
    if found.code == _ANY:
        layer += "".join(found.message.split("`")[1:2])
    return found.code, layer, found.severity.value, row


def keys(result: Result) -> Counter[Key]:
    """All that is to be mended."""
    return Counter(key(d) for d in result.diagnostics if d.severity is not Severity.INFO)


def broken(result: Result, before: Result) -> bool:
    """Whether the network could not even be made, or its check ends where it did not before."""
    return not result.layers or bool(_ends(result) - _ends(before))


def _ends(result: Result) -> Counter[str]:
    """What could not be checked; what was only assumed, an info, hinders nobody."""
    return Counter(code for code, *_ in keys(result).elements() if code.startswith("CL0"))


def keeps_samples(before: Result, after: Result) -> bool:
    """Whether there is an answer for every sample of the batch, where there was one before."""
    if any(one.code == _RAISED for one in before.diagnostics):
        return True  # there was none: what is seen ends there
    given = {_first(row) for row in before.rows if row.op == "input"} - {None}
    was, now = (_first(result.rows[-1]) if result.rows else None for result in (before, after))
    return was not in given or now is None or now == was


def _first(row: Row) -> int | None:
    """The first size of what a row gives; None where that is not known."""
    found = _ROWS.match(row.output_shape or "")
    return int(found[1]) if found else None


def unknown(result: Result, row: int) -> int:
    """How many sizes are not known of what arrives in a row of the source."""
    there = (one for one in result.rows if one.location is not None and one.location.row == row)
    return sum(shape.count("?") for one in there for shape in one.input_shapes)
