"""The other paths through a network: the sides of its branches that the declared check passes by.

A question that only data can tell is answered the other way round; one about sizes is asked again
at sizes of which the answer is another.  Only the user's own code is looked through, never that of
an installed library.
"""

from __future__ import annotations

import linecache
import os
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

from convlint.diagnostic import Diagnostic, Label, Location, Severity
from convlint.frame import Frame
from convlint.job import Unseen
from convlint.judge import RAISES, judge, located
from convlint.network import Answers, Decision, Guard, Layer, Network, Place, Raised
from convlint.quote import quote
from convlint.resizing import Resized, Search, bound, otherwise
from convlint.trace.bytecode import asked, is_check, is_kept, loop, sides
from convlint.trace.watch import Expired, Watch

MOST: Final = 16
"""How many paths of one network are traced, the declared one among them."""

_CHECKED: Final = 12
"""How many more, where a fault was found, to tell which decisions it needs."""

_HELD: Final = frozenset({"parameter", "buffer"})

_UNSUITABLE: Final = 2
"""How many more sizes are tried for one place."""

_PATIENCE: Final = 3.0
"""Seconds after which a path is given up that has no end, beside what the others took."""

_SIZES: Final = 3
"""At how many sizes a fault must show, to be one of the code and not of the size."""


def explore(
    network: Network,
    codes: Collection[str] | None,
    watch: Watch,
    deadline: float | None = None,
) -> tuple[list[Diagnostic], Network]:
    """What is found on the declared path and, where it is not the same, on others.

    Args:
        network: the declared path.
        codes: the rules to ask.
        watch: was there when the network was traced, and sees the other paths too.
        deadline: the time (`time.monotonic`) at which to end.

    Returns:
        The findings, and the network, which knows by now which exceptions are certain.
    """
    tracks = _Tracks(network, codes, watch, deadline)
    elsewhere = [*_by_data(tracks), *_by_size(tracks)]
    found, settled = _judged(tracks, elsewhere)
    told = {_key(one) for one in found}
    told |= {(RAISES, r.frames[0].location) for r in network.raised if r.frames}
    for one in elsewhere:
        if _key(one) not in told:
            told.add(_key(one))
            found.append(one)
    return found, settled


def _judged(tracks: _Tracks, elsewhere: Sequence[Diagnostic]) -> tuple[list[Diagnostic], Network]:
    """What is found on the declared path; where that may have ended for what the data can not
    decide at once, what is found on one that comes to its end."""
    settled, needs = _settled(tracks)
    lost = [one for one in settled.raised if not one.certain]
    by_data = bool(lost) and all(one.given for one in lost)
    network = tracks.whole if by_data and tracks.whole is not None else settled
    network = replace(
        network,
        elsewhere=frozenset(tracks.used),
        expected=settled.expected,
        is_batched=settled.is_batched,
    )
    if network.layers is settled.layers:
        return [_needing(one, needs) for one in judge(network, tracks.codes)], network
    declared = [one for _, one in tracks.found(tracks.declared) if one.severity is Severity.ERROR]
    found = [_needing(one, needs) for one in declared]
    told, under = {_key(one) for one in found}, {_key(one): one for one in elsewhere}
    there = [one for one in judge(network, tracks.codes) if _key(one) not in told]
    return [*found, *(under.get(_key(one), one) for one in there)], network


_Key: TypeAlias = tuple[str, Location | None]


def _key(found: Diagnostic) -> _Key:
    return found.code, found.location


class _Need(NamedTuple):
    """The decisions that a fault needs."""

    decisions: tuple[Decision, ...]
    possible: bool = True
    """Whether data can surely decide so at once."""


def _needing(found: Diagnostic, needs: Mapping[_Key, _Need]) -> Diagnostic:
    need = needs.get(_key(found))
    if need is None or found.severity is not Severity.ERROR:
        return found
    return _under(found, need)


def _settled(tracks: _Tracks) -> tuple[Network, dict[_Key, _Need]]:
    """The declared network with its exceptions judged, and what faults need.

    An exception behind a question about data is certain where the answer leads to it, or none
    leads away from it.
    """
    network, declared = tracks.declared, _Path(())
    needs: dict[_Key, _Need] = {}
    if not network.decisions:
        return network, needs
    order = {id(layer): i for i, layer in enumerate(network.layers)}
    certain: list[Raised] = []
    for raised in network.raised:
        if raised.given and not raised.certain and not raised.deliberate and raised.frames:
            key = (RAISES, raised.frames[0].location)
            needs[key] = need = _needed(tracks, declared, network, key, len(order))
            raised = replace(raised, certain=need.possible)
        certain.append(raised)
    for layer, found in tracks.found(network):
        if found.severity is Severity.ERROR and layer is not None:
            before = order.get(id(layer), -1)
            leading = tuple(
                one
                for one in network.decisions
                if one.after <= before and tracks.leads(one, _key(found))
            )
            if leading:
                possible = tracks.can_meet(declared, network, leading, _key(found), before)
                needs[_key(found)] = _Need(leading, possible)
    return replace(network, raised=tuple(certain)), needs


class _Fate(Enum):
    """What becomes of a fault where a decision is another."""

    STAYS = auto()
    GOES = auto()
    UNASKED = auto()
    """It goes, for the decision that led to it is not to be taken any more."""
    UNTOLD = auto()


@dataclass
class _Tracks:
    """The tracing of other paths, within its limits."""

    declared: Network
    codes: Collection[str] | None
    watch: Watch
    deadline: float | None
    left: int = MOST - 1
    known: set[tuple[int, int]] = field(default_factory=set)
    """The instructions of the user's code that the declared path called layers from."""

    def __post_init__(self) -> None:
        self.slowest = 0.0
        self.whole: Network | None = None
        """The first path that came to its end."""
        self.used = _used(self.declared)
        self.search = Search(self.declared)
        self.checks = _CHECKED
        self._tried: dict[
            frozenset[tuple[Place, tuple[bool, ...]]], tuple[set[Place], set[_Key]]
        ] = {}
        for layer in self.declared.layers:
            self.known.update((id(f.code), f.lasti) for f in layer.frames)

    def follow(
        self,
        answers: Answers | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> Network | None:
        """One more path; None where it cannot be followed, or there is no time for it."""
        began = time.monotonic()
        end = began + _PATIENCE + 20 * self.slowest
        if self.deadline is not None:
            if began + 2 * self.slowest > self.deadline:
                self.watch.hurried = True
                return None
            end = min(end, self.deadline)
        self.watch.deadline = end
        assert self.declared.again is not None
        try:
            network = self.declared.again(inputs, answers=answers, watch=self.watch)
            self.used |= _used(network)
            return network
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except (Expired, SystemExit):  # a side that loops or exits
            return None
        except BaseException:  # a side that is beyond us: nothing is said of it
            if os.environ.get("CONVLINT_STRICT"):
                raise
            return None
        finally:
            self.watch.deadline = None
            self.slowest = max(self.slowest, time.monotonic() - began)

    def is_new(self, layer: Layer | None) -> bool:
        """Whether the declared path has not called this layer from there."""
        return layer is not None and any(
            (id(f.code), f.lasti) not in self.known for f in layer.frames
        )

    def persists(self, path: _Path, turned: Iterable[Decision], found: _Key) -> _Fate:
        """What becomes of a finding of `path` where further decisions are turned round."""
        answers = path.answers | {one.place: (not one.answer,) for one in turned}
        return self._fate(path, answers, found)

    def can_meet(
        self,
        path: _Path,
        network: Network,
        needed: Iterable[Decision],
        found: _Key,
        before: int,
    ) -> bool:
        """Whether a fault needs each decision once, and not in every round of a loop alike.

        Every round asks about other data, and what is left of them all may be certain: one of all
        experts gets something.
        """
        for one in {one.place: one for one in needed}.values():
            if one.is_open and not _is_within(found, one):
                return False
            rounds = [d for d in network.decisions if d.place == one.place and d.after <= before]
            if len(rounds) > 1:
                answers = path.answers | {one.place: (one.answer, not one.answer)}
                if self._fate(path, answers, found) is not _Fate.STAYS:
                    return False
        return True

    def _fate(self, path: _Path, answers: dict[Place, tuple[bool, ...]], found: _Key) -> _Fate:
        if frozenset(answers.items()) not in self._tried:
            if self.checks <= 0:
                return _Fate.UNTOLD
            self.checks -= 1
            self.note(answers, self.follow(answers))
        places, keys = self._tried[frozenset(answers.items())]
        if found in keys:
            return _Fate.STAYS
        asked_still = not path.chain or path.chain[-1].place in places
        return _Fate.GOES if asked_still else _Fate.UNASKED

    def note(self, answers: Answers, network: Network | None) -> None:
        """Remember what was asked and found on a path."""
        places = {one.place for one in network.decisions} if network is not None else set()
        keys = {_key(one) for _, one in self.found(network)} if network is not None else set()
        self._tried[frozenset(answers.items())] = places, keys

    def leads(self, decision: Decision, found: _Key) -> bool:
        """Whether a finding of the declared path is known to go with the other answer."""
        tried = self._tried.get(frozenset({(decision.place, (not decision.answer,))}))
        return tried is not None and bool(tried[0]) and found not in tried[1]

    def found(self, network: Network) -> Iterator[tuple[Layer | None, Diagnostic]]:
        """What the rules say of another path, but for what they have to say of the analysis."""
        certain = tuple(
            replace(r, certain=True) for r in network.raised if r.given and not r.deliberate
        )
        for layer, found in located(replace(network, raised=certain), self.codes):
            if not found.code.startswith("CL0"):
                yield layer, found


# -- what data decide


@dataclass(frozen=True)
class _Path:
    """A path by the decisions that differ from the declared one, the last of which is new."""

    chain: tuple[Decision, ...]

    @property
    def answers(self) -> dict[Place, tuple[bool, ...]]:
        return {one.place: (one.answer,) for one in self.chain}


def _by_data(tracks: _Tracks) -> Iterator[Diagnostic]:
    """Each side of each question about data once, from the declared path on."""
    taken: set[tuple[Place, bool]] = set()
    waiting: deque[_Path] = deque()

    def branch(network: Network, path: _Path) -> None:
        taken.update((one.place, one.answer) for one in network.decisions)
        for one in network.decisions:
            if (one.place, not one.answer) not in taken:
                taken.add((one.place, not one.answer))
                waiting.append(_Path((*path.chain, replace(one, answer=not one.answer))))

    branch(tracks.declared, _Path(()))
    while waiting and tracks.left > 0:
        path = waiting.popleft()
        tracks.left -= 1
        network = tracks.follow(path.answers)
        tracks.note(path.answers, network)
        if network is not None and _has_turned(network, path):
            if tracks.whole is None and not network.raised:
                tracks.whole = network
            branch(network, path)
            yield from _of_path(tracks, path, network)


def _is_within(found: _Key, decision: Decision) -> bool:
    """Whether a fault is in the loop that a decision is made in."""
    _, where = found
    if where is None or where.filename != decision.frame.location.filename:
        return False
    return where.row in loop(decision.frame)


def _used(network: Network) -> set[str]:
    """Paths of the parameters and modules that a network uses."""
    return {layer.path for layer in network.layers if layer.op in _HELD or layer.module}


def _has_turned(network: Network, path: _Path) -> bool:
    last = path.chain[-1]
    return any((d.place, d.answer) == (last.place, last.answer) for d in network.decisions)


def _of_path(tracks: _Tracks, path: _Path, network: Network) -> Iterator[Diagnostic]:
    order = {id(layer): i for i, layer in enumerate(network.layers)}
    for layer, found in tracks.found(network):
        if found.severity is not Severity.ERROR:
            if tracks.is_new(layer):
                yield _under(found, _Need(path.chain))
            continue
        before = order.get(id(layer), len(network.layers))
        yield _under(found, _needed(tracks, path, network, _key(found), before))


def _needed(tracks: _Tracks, path: _Path, network: Network, found: _Key, before: int) -> _Need:
    """The decisions without which a fault is not there, and whether they surely can meet.

    One decision can be made either way, and those that stand one within the other can meet, or
    the inner one would not have been written.  Of those that follow one another that is certain
    only where they depend on different inputs.
    """
    own = {one.place for one in path.chain}
    declared = {one.place for one in tracks.declared.decisions}
    others = {
        one.place: one for one in network.decisions if one.after <= before and one.place not in own
    }.values()
    if not others or tracks.persists(path, others, found) is _Fate.STAYS:
        return _Need(path.chain, tracks.can_meet(path, network, path.chain, found, before))
    needed, possible = [], True
    for one in others:
        fate = tracks.persists(path, (one,), found)
        if fate is not _Fate.STAYS:
            needed.append(one)
            met = [*path.chain[-1:], *needed[:-1]]
            apart = bool(one.inputs) and not any(one.inputs & other.inputs for other in met)
            nested = one.place not in declared or fate is _Fate.UNASKED
            possible = possible and (nested or not met or (apart and fate is not _Fate.UNTOLD))
    all_needed = tuple(sorted((*needed, *path.chain), key=lambda one: one.after))
    possible = possible and tracks.can_meet(path, network, all_needed, found, before)
    return _Need(all_needed, possible)


def _under(found: Diagnostic, need: _Need) -> Diagnostic:
    """A finding that holds where the data decide so."""
    decisions = need.decisions
    if not need.possible:
        note = "whether data can decide so at once is not known"
        found = replace(found, severity=Severity.INFO, note=(*found.note, note))
    here = found.location.filename if found.location else ""
    said = [f"{_written(d.frame, here)} is {str(d.answer).lower()}" for d in decisions]
    labels = [
        Label(f"when this is {str(d.answer).lower()}", asked(d.frame).location) for d in decisions
    ]
    places = {found.location, *(label.location for label in found.related)}
    return replace(
        found,
        note=(f"when {' and '.join(said)}", *found.note),
        related=(*found.related, *(label for label in labels if label.location not in places)),
    )


def _written(frame: Frame, here: str) -> str:
    """The user's own expression and its line; the file too, where it is another than `here`."""
    where = asked(frame).location
    line = (
        f"line {where.row}"
        if where.filename == here
        else (f"{os.path.basename(where.filename)}:{where.row}")
    )
    return f"{_source(where)} at {line}"


def _source(where: Location) -> str:
    lines = [linecache.getline(where.filename, r) for r in range(where.row, where.end_row + 1)]
    if not all(lines):
        return "the condition"
    lines[-1] = lines[-1][: where.end_column - 1]
    lines[0] = lines[0][where.column - 1 :]
    text = " ".join(" ".join(lines).split())
    return quote(text) if text else "the condition"


# -- what other sizes decide


def _by_size(tracks: _Tracks) -> Iterator[Diagnostic]:
    """The code that only other sizes reach.  What fails at such a size elsewhere is no fault: a
    network may be meant for one size only."""
    declared = tracks.declared
    if declared.raised or not tracks.watch.has_watched:
        return
    hiding = list(_unanswered(tracks))
    if not hiding or any(f.severity is Severity.ERROR for _, f in tracks.found(declared)):
        return
    for guards in hiding:
        if tracks.left <= 0:
            return
        yield from _beyond(tracks, guards)


def _unanswered(tracks: _Tracks) -> Iterator[list[Guard]]:
    """The comparisons of sizes with one answer only, place by place, that hide code."""
    places: dict[Place, list[Guard]] = {}
    for guard in tracks.declared.guards:
        if guard.frame is not None:
            places.setdefault((guard.frame.code, guard.frame.lasti), []).append(guard)
    for guards in places.values():
        frame = guards[0].frame
        assert frame is not None
        one_answer = len({guard.answer for guard in guards}) == 1
        if one_answer and not is_check(frame) and _hides(tracks.watch, frame):
            yield guards


def _hides(watch: Watch, frame: Frame) -> bool:
    """Whether the side that a comparison has not taken has code that has not run."""
    rows = sides(frame)
    if rows:
        ran = watch.rows().get(id(frame.code), frozenset())
        return bool(rows - ran) or len(rows) == 1  # an expression of one line
    return is_kept(frame) and any(code is frame.code and rows for code, rows in watch.unseen())


def _beyond(tracks: _Tracks, guards: Sequence[Guard]) -> Iterator[Diagnostic]:
    """What is found in new code at sizes where a comparison is answered otherwise."""
    agreed: dict[_Key, Diagnostic] = {}
    first: tuple[Guard, Resized] | None = None
    times = 0
    for guard, sized in islice(_resized(tracks, guards), _SIZES + _UNSUITABLE):
        if tracks.left <= 0 or times == _SIZES:
            break
        tracks.left -= 1
        ran = tracks.watch.rows()
        network = tracks.follow(inputs=sized.inputs)
        if network is None or not _takes(network, guard):
            continue
        here = _in_new_code(tracks, network, ran)
        if here is None:
            continue
        times += 1
        if first is None:
            first, agreed = (guard, sized), here
        agreed = {key: found for key, found in agreed.items() if key in here}
        if not agreed:
            return
    if first is not None:
        for found in agreed.values():
            yield _at_size(tracks.declared, found, *first)


def _resized(tracks: _Tracks, guards: Sequence[Guard]) -> Iterator[tuple[Guard, Resized]]:
    for guard in dict.fromkeys((guards[0], guards[-1])):
        for sized in otherwise(tracks.declared, guard, tracks.search):
            yield guard, sized


def _takes(network: Network, guard: Guard) -> bool:
    assert guard.frame is not None
    return any(
        g.frame is not None
        and g.answer != guard.answer
        and (g.frame.code, g.frame.lasti) == (guard.frame.code, guard.frame.lasti)
        for g in network.guards
    )


def _in_new_code(
    tracks: _Tracks, network: Network, ran: Mapping[int, Collection[int]]
) -> dict[_Key, Diagnostic] | None:
    """Errors in code that has not run before; None where the size does not suit other code."""
    order = {id(layer): i for i, layer in enumerate(network.layers)}
    new: dict[_Key, Diagnostic] = {}
    reached = len(order)
    old = len(order)
    for layer, found in tracks.found(network):
        if found.severity is not Severity.ERROR:
            continue
        at = order.get(id(layer), len(order))
        if tracks.is_new(layer):
            new.setdefault(_key(found), found)
            reached = min(reached, at)
        elif layer is not None:
            old = min(old, at)
    for raised in network.raised:
        if raised.deliberate or not _is_new_place(raised, ran):
            return None
    for layer, found in tracks.found(network):
        if layer is None and found.severity is Severity.ERROR:
            new.setdefault(_key(found), found)
    return None if old < reached else new


def _is_new_place(raised: Raised, ran: Mapping[int, Collection[int]]) -> bool:
    return any(
        id(frame.code) in ran and frame.location.row not in ran[id(frame.code)]
        for frame in raised.frames
    )


def _at_size(network: Network, found: Diagnostic, guard: Guard, sized: Resized) -> Diagnostic:
    """A finding that holds where the inputs have another size."""
    assert guard.frame is not None
    here = found.location.filename if found.location else ""
    answer = str(not guard.answer).lower()
    limit = bound(network, guard, sized)
    condition = f"{_written(guard.frame, here)} is {answer}"
    note = f"for {limit}, where {condition}" if limit else f"where {condition}"
    where = asked(guard.frame).location
    related = found.related
    if where != found.location and all(label.location != where for label in related):
        related = (*related, Label(f"when this is {answer}", where))
    return replace(
        found,
        severity=Severity.WARNING,
        note=(f"{note}; seen with {sized}", *found.note),
        related=related,
    )


# -- what nobody has seen


def unseen(watch: Watch) -> tuple[Unseen, ...]:
    """The lines that ran on no path, of every function of the user's that did."""
    rows: dict[tuple[str, str], set[int]] = {}
    for code, missing in watch.unseen():
        name = code.co_qualname
        outer, _, inner = name.rpartition(".<locals>.")
        name = outer if inner.startswith("<") else inner or name
        function = name.rpartition("<locals>.")[2]
        rows.setdefault((function, os.path.abspath(code.co_filename)), set()).update(missing)
    return tuple(Unseen(*key, tuple(sorted(found))) for key, found in rows.items())
