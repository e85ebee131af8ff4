"""Mend what was found, one fault after the other, each tried on the result of the last.

An edit is accepted if the whole network has fewer findings with it and no new ones: at the
declared inputs, in the other mode, and in all other networks that the call is about.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from convlint.diagnostic import Diagnostic, Edit, Fix, Proposal, Severity
from convlint.fix.bench import (
    Bench,
    Key,
    State,
    Trial,
    keeps_samples,
    key,
    keys,
    unknown,
)
from convlint.fix.patch import by_file, united, written

_WAVES: Final = (6, 12, 24, 48, 80)
"""So many proposals are tried before it is looked whether one of them helps."""

_FOLLOWED: Final = 4
"""How many edits that bring another fault to light are followed, and how far."""
_SHOWN: Final = 2
"""How many faults an edit may bring to light that goes with another one."""
_DEPTH: Final = 2
_NEXT: Final = 16
"""How many proposals are tried behind such an edit."""

_ABREAST: Final = 3
"""Of how many findings the edits are compared."""

_SURE: Final = 1
"""Up to which rank an edit is not compared with what comes later."""

_LIKELY: Final = 6
"""Up to which rank an edit says something of the fault."""

_SEVERAL: Final = 2
"""What is new with so many edits, and with more than half of them, is none of theirs."""

_OFFERED: Final = 3
"""How many other ways to mend it are told."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A finding, in which job, the edits that mend it, and other ways to do it."""

    place: int
    found: Diagnostic
    fix: Fix
    others: tuple[str, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    """The texts that the edits are of, where they are not as the files have them."""


@dataclass(frozen=True, slots=True)
class Good:
    """Edits that help, the best first, and what the fault has hidden.

    Where something raises, nobody sees what comes behind it.  A finding that shows with most edits
    that mend the fault was hidden by it, and is not of the edit's making.
    """

    trials: Sequence[Trial]
    hidden: Counter[Key]


@dataclass(frozen=True, slots=True)
class _Choice:
    """Edits that help with a finding, the best first."""

    number: int
    place: int
    found: Diagnostic
    good: Good

    def rank(self) -> tuple[int, int]:
        return self.good.trials[0].score, self.number


@dataclass(slots=True)
class Mender:
    """Goes through the findings of a bench.

    Args:
        silent: the codes of rules about what torch runs.
        unsafe: whether edits that change a network that ran are wanted.
        visible: whether a finding is reported: what is suppressed is left alone.
        may_edit: whether a file may be edited.
    """

    bench: Bench
    silent: Collection[str]
    unsafe: bool = False
    visible: Callable[[int, Diagnostic], bool] = lambda place, found: True
    may_edit: Callable[[str], bool] = lambda name: True
    mended: list[Mended] = field(default_factory=list)
    patience: float = 60.0
    """Seconds after which nothing further is tried for a finding."""
    _withheld: set[tuple[int, Key, str]] = field(default_factory=set)
    _modes: dict[tuple[int, frozenset[tuple[str, str]]], Counter[Key]] = field(default_factory=dict)

    def mend(self, state: State) -> State:
        """Mend what can be mended of what is found in a state; the state then."""
        given_up: set[tuple[int, Key, str]] = set()
        while True:
            step = self._step(state, given_up)
            if step is None:
                return state
            state = step
            given_up.clear()

    def withheld(self, state: State) -> int:
        """How many findings an unsafe edit would mend, or might: not all of them were tried."""
        return len(
            {
                (found.target, key(found))  # what both modes find is one
                for place, result in enumerate(state.results)
                for found in result.diagnostics
                if self._is_wanted(place, found)
                and (_name(place, found) in self._withheld or self._is_untried(state, place, found))
            }
        )

    def _is_untried(self, state: State, place: int, found: Diagnostic) -> bool:
        """Whether no edit for it could be safe, and no other is wanted."""
        return not self.unsafe and (
            self._runs(found) or not self._raises(self._mode(place, state.texts))
        )

    def _runs(self, found: Diagnostic) -> bool:
        return found.severity is not Severity.ERROR or found.code in self.silent

    def _is_wanted(self, place: int, found: Diagnostic) -> bool:
        return bool(found.proposals) and self.visible(place, found)

    def _step(self, state: State, given_up: set[tuple[int, Key, str]]) -> State | None:
        """One edit made; None where no finding that is left can be mended.

        Of several findings one may be the cause of the others: the edit that leaves the least is
        the best, and among equals that for the first finding.
        """
        pending = [one for one in self._pending(state) if _name(*one) not in given_up]
        pending = pending[:_ABREAST]
        if not pending:
            return None
        waves = [self._good(state, place, found) for place, found in pending]
        enough = 1 if len(pending) > 1 else 0
        choices: list[_Choice] = []
        for turn in itertools.count():
            made = [next(wave, None) for wave in waves]
            for i, ((place, found), good) in enumerate(zip(pending, made, strict=True)):
                if good is not None and good.trials:
                    choices.append(_Choice(len(choices) + i, place, found, good))
            ended = all(good is None for good in made)
            sure = any(choice.good.trials[0].proposal.rank <= _SURE for choice in choices)
            if ended or sure or turn >= enough:
                for choice in sorted(choices, key=_Choice.rank):
                    accepted = self._accepted(state, choice.place, choice.found, choice.good)
                    if accepted is not None:
                        return accepted
                choices.clear()
            if ended:
                break
        given_up.update(_name(*one) for one in pending)
        return self._step(state, given_up)

    def _pending(self, state: State) -> Iterator[tuple[int, Diagnostic]]:
        """What is to be mended, with its job."""
        for place, result in enumerate(state.results):
            for found in result.diagnostics:
                if self._is_wanted(place, found) and not self._is_untried(state, place, found):
                    yield place, found

    def _accepted(self, state: State, place: int, found: Diagnostic, good: Good) -> State | None:
        before = keys(state.results[place]) + good.hidden
        for i, trial in enumerate(good.trials):
            applicability = self._applicability(state, place, found, trial, good.hidden)
            if applicability is None:
                continue
            if applicability == "unsafe" and not self.unsafe:
                self._withheld.add(_name(place, found))
                continue
            after = self.bench.checked(trial.texts)
            if not keys(after.results[place]) < before:
                continue
            others = (self._said(state, one) for j, one in enumerate(good.trials) if j != i)
            fix = Fix(applicability, self._said(state, trial), trial.proposal.edits)
            told = tuple(f"or {other}" for other in dict.fromkeys(others))[:_OFFERED]
            self._withheld.discard(_name(place, found))
            self.mended.append(Mended(place, found, fix, told, state.texts))
            return after
        return None

    def _good(self, state: State, place: int, found: Diagnostic) -> Iterator[Good]:
        """Edits with which the job finds less and nothing new, the best first, wave by wave."""
        before = keys(state.results[place])
        leading: list[Trial] = []
        mending: list[Trial] = []
        start, since = 0, time.monotonic()
        proposals = [p for p in found.proposals if all(self.may_edit(_file(e)) for e in p.edits)]
        for size in _WAVES:
            wave = proposals[start : start + size]
            start += size
            trials = self.bench.tried(state, place, wave)
            mending += [one for one in trials if self._mends(one, found, before)]
            hidden = _hidden(mending, before)
            good = [one for one in trials if self._helps(state, place, found, one, hidden)]
            yield Good(sorted(good, key=lambda one: one.score), hidden)
            leading += [one for one in trials if self._leads(one, found, before)]
            if time.monotonic() - since > self.patience:
                break
        depth = 1 if self._runs(found) else _DEPTH  # what runs, many edits would rather hide
        yield from self._behind(state, place, found, leading[:_FOLLOWED], before, depth)

    def _helps(
        self, state: State, place: int, found: Diagnostic, trial: Trial, hidden: Counter[Key]
    ) -> bool:
        """Whether a finding is gone, nothing new is found, and the fault is not merely silenced.

        What is found behind an error that stays is of sizes that nobody has ever seen.
        """
        result = state.results[place]
        if not _is_better(trial, found, keys(result) + hidden):
            return False
        left = keys(trial.result)
        if trial.proposal.rank > _LIKELY and not trial.proposal.is_number and self._raises(left):
            return False  # of a mere guess nothing is known before torch runs
        root = self._root(state, place)
        if root is not None and not self._runs(found):
            name = key(root)
            if left[name] >= keys(result)[name]:
                return False
        row = found.location.row if found.location is not None else 0
        if unknown(trial.result, row) > unknown(result, row):
            return False
        return keeps_samples(result, trial.result)

    def _root(self, state: State, place: int) -> Diagnostic | None:
        """What torch raises first: findings come in the order in which the network runs."""
        raised = (d for d in state.results[place].diagnostics if not self._runs(d))
        return next((d for d in raised if self.visible(place, d)), None)

    def _leads(self, trial: Trial, found: Diagnostic, before: Counter[Key]) -> bool:
        """Whether a fault is gone and has only brought the next one to light."""
        after = keys(trial.result)
        new = after - before
        return after[key(found)] < before[key(found)] and new.total() <= _SHOWN

    def _mends(self, trial: Trial, found: Diagnostic, before: Counter[Key]) -> bool:
        """Whether a fault is gone, and torch raises nothing else for it."""
        after = keys(trial.result)
        return after[key(found)] < before[key(found)] and not self._raises(after - before)

    def _behind(
        self,
        state: State,
        place: int,
        found: Diagnostic,
        leading: Sequence[Trial],
        before: Counter[Key],
        depth: int,
    ) -> Iterator[Good]:
        """Edits of which the first alone is not enough: a view, and the layer behind it."""
        further: list[Trial] = []
        for first in leading:
            again = self.bench.tried(state, place, [first.proposal], want_proposals=True)
            if not again:
                continue
            shown = again[0]
            new = keys(shown.result) - before
            follower = next((d for d in shown.result.diagnostics if key(d) in new), None)
            if follower is None:
                continue
            wave = []
            for then in follower.proposals[:_NEXT]:
                if all(self.may_edit(_file(e)) for e in then.edits):
                    texts = self._texts(state, first, then.edits)
                    both = united(first.proposal.edits, then.edits, texts)
                    if both is not None:
                        rank = first.proposal.rank + then.rank + 1
                        numbers = first.proposal.is_number and then.is_number
                        wave.append(Proposal(rank, both, numbers))
            trials = self.bench.tried(state, place, wave)
            good = [one for one in trials if self._helps(state, place, found, one, Counter())]
            if good:
                yield Good(sorted(good, key=lambda one: one.score), Counter())
            after = keys(shown.result)
            further += [one for one in trials if self._leads(one, follower, after)]
        if depth > 1 and further:
            yield from self._behind(state, place, found, further[:_FOLLOWED], before, depth - 1)

    def _texts(
        self, state: State, first: Trial, edits: Sequence[Edit]
    ) -> dict[str, tuple[str, str]]:
        """Of every file, the text before and behind the first edits."""
        names = {_file(e) for e in (*first.proposal.edits, *edits)}
        found = {}
        for name in names:
            text = self.bench.text(state, name)
            found[name] = (text, first.texts.get(name, text))
        return found

    def _applicability(
        self, state: State, place: int, found: Diagnostic, trial: Trial, hidden: Counter[Key]
    ) -> str | None:
        """Whether an edit may be made unseen; None where it does harm elsewhere.

        It may, where it only makes a raising network run, and is meant for the very fault: what
        merely lets it run (a call that is left out, a crop) may be nothing that anybody wants.
        """
        ran = self._runs(found) or not trial.proposal.is_meant
        mode = self._mode(place, state.texts)
        edited = self._mode(place, trial.texts)
        if _without_rows(edited - mode) - _without_rows(hidden):
            return None
        ran = ran or not self._raises(mode)
        changed = {_file(e) for e in trial.proposal.edits}
        others = [i for i in range(len(state.results)) if i != place]
        if others:
            results = self.bench.elsewhere(state, place, trial.texts)
            for i, result in zip(others, results, strict=True):
                known = keys(state.results[i])
                if keys(result) - known:
                    return None
                shares = changed & set(state.results[i].files)
                ran = ran or bool(shares and not self._raises(known))
        return "unsafe" if ran else "safe"

    def _raises(self, found: Iterable[Key]) -> bool:
        """Whether torch raises where this is found."""
        return any(kind == "error" and code not in self.silent for code, _, kind, _ in found)

    def _mode(self, place: int, texts: Mapping[str, str]) -> Counter[Key]:
        """What is found in the other mode."""
        name = place, frozenset(texts.items())
        if name not in self._modes:
            self._modes[name] = keys(self.bench.other_mode(place, texts))
        return self._modes[name]

    def _said(self, state: State, trial: Trial) -> str:
        """An edit in words: the lines as they are then."""
        found: dict[str, None] = {}
        for name, edits in by_file(trial.proposal.edits).items():
            before = self.bench.text(state, name)
            found.update((f"write `{line}`", None) for line in written(before, edits))
        return " and ".join(found)


def _name(place: int, found: Diagnostic) -> tuple[int, Key, str]:
    return place, key(found), found.message


def _file(edit: Edit) -> str:
    return edit.location.filename


def _is_better(trial: Trial, found: Diagnostic, before: Counter[Key]) -> bool:
    after = keys(trial.result)
    return after[key(found)] < before[key(found)] and after < before


def _hidden(mending: Sequence[Trial], before: Counter[Key]) -> Counter[Key]:
    """What is new with most of several edits that mend a fault."""
    counts: Counter[Key] = Counter()
    for one in mending:
        counts.update(keys(one.result) - before)
    return Counter({k: 1 for k, n in counts.items() if n >= _SEVERAL and 2 * n > len(mending)})


def _without_rows(found: Counter[Key]) -> Counter[tuple[str, str, str]]:
    return Counter({one[:3]: count for one, count in found.items()})
