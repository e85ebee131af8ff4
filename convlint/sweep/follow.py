"""A recorded graph for all candidates of a region at once."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convlint.diagnostic import Severity
from convlint.dims import Unknown
from convlint.judge import Refusals, located
from convlint.network import Guard, Layer, Network
from convlint.replay import (
    COMPARISONS,
    called,
    evaluated,
    looked_up,
    plain_call,
    read,
    sourced,
)
from convlint.sweep.answer import Failure, Works
from convlint.sweep.merge import Different, merged, named_anew
from convlint.sweep.node import Sides
from convlint.sweep.region import Region, united
from convlint.sweep.walk import Left, Walk, placed
from convlint.sweep.waste import wasted
from convlint.tensor import TensorSpec

_MANY = 12
"""States beyond this are no longer looked at for what could be put together again."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of a region; `elsewhere` are those for which Python takes another branch."""

    works: tuple[Works, ...]
    failures: tuple[Failure, ...]
    elsewhere: tuple[Region, ...]


@dataclass(slots=True)
class _State:
    """The tensors that are alive, for one part of the region, with the values at `place`."""

    region: Region
    place: tuple[int, ...]
    values: dict[str, Any]
    doubts: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Part:
    """What one node gives for a part of a state."""

    region: Region
    place: tuple[int, ...]
    output: Any
    doubts: frozenset[str]


def follow(
    walk: Walk,
    network: Network,
    region: Region,
    inputs: Mapping[str, TensorSpec],
    refusals: Refusals,
    place: tuple[int, ...],
    end: float = math.inf,
) -> Followed:
    """All of `region` through the graph of `network`, which was traced for the one at `place`.

    Raises:
        OutOfTime: it is not done at `end` (`time.monotonic`).
    """
    return _Following(walk, network, refusals, end).run(region, inputs, place)


class OutOfTime(Exception):
    """There are too many sizes, or too many layers."""


class _Following:
    def __init__(self, walk: Walk, network: Network, refusals: Refusals, end: float) -> None:
        self.walk, self.network, self.refusals, self.end = walk, network, refusals, end
        self.layers = network.by_name
        self.nodes = list(network.fx_graph.nodes)
        self.passed = 0
        """How many nodes are behind."""
        self.failures: list[Failure] = []
        self.elsewhere: list[Region] = []
        self.guards = _placed_guards(network, self.nodes)
        self.dying = _last_uses(self.nodes, self.guards, self.layers)

    def run(
        self, region: Region, inputs: Mapping[str, TensorSpec], place: tuple[int, ...]
    ) -> Followed:
        if self.network.hooked:  # every candidate is traced by itself
            alone = region.only(place)
            others = region.without(alone.bits())
            self.elsewhere += [] if others.is_empty else [others]
            region = alone
        self.walk.enter(region, place)
        doubts = frozenset(_assumed(self.network))
        if self.network.hooked:
            title = self.network.by_name[min(self.network.hooked)].title
            doubts |= {f"what `{title}` does, with its hooks or lazy weights, is not followed"}
        states = [_State(self.walk.region, self.walk.place, {}, doubts)]
        for index, node in enumerate(self.nodes):
            if time.monotonic() > self.end:
                raise OutOfTime
            self.passed = index
            for guard in self.guards.get(index, ()):
                states = [found for state in states for found in self._guarded(state, guard)]
            states = [found for state in states for found in self._passed(state, node, inputs)]
            for state in states:
                for name in self.dying.get(index, ()):
                    state.values.pop(name, None)
            if 1 < len(states) <= _MANY:
                states = self._reunited(states)
            if not states:
                break
        for guard in self.guards.get(len(self.nodes), ()):
            states = [found for state in states for found in self._guarded(state, guard)]
        return Followed(tuple(self._ended(states)), tuple(self.failures), tuple(self.elsewhere))

    # -- one node

    def _passed(
        self, state: _State, node: Any, inputs: Mapping[str, TensorSpec]
    ) -> Iterator[_State]:
        parts, failed, paths = [], len(self.failures), []
        elsewhere = len(self.elsewhere)
        for moved in self._parts(state):
            gone = len(self.elsewhere)
            part = self._one(state, node, moved, inputs)
            is_alive = part is not None or len(self.elsewhere) > gone
            paths.append((self.walk.why, is_alive))
            if part is not None:
                parts.append(part)
        if len(self.failures) > failed:
            self.walk.forget(paths)
        if not parts:
            return
        if len(parts) == 1:
            (part,) = parts
            values = state.values
            if part.place != state.place:
                values = {name: self._at(value, part.place) for name, value in values.items()}
            values[node.name] = part.output
            yield _State(part.region, part.place, values, part.doubts)
            return
        lost = len(self.failures) > failed or len(self.elsewhere) > elsewhere
        for group in self._merged(state, parts, lost):
            values = {name: self._at(value, group.place) for name, value in state.values.items()}
            values[node.name] = group.output
            yield _State(group.region, group.place, values, group.doubts)

    def _parts(self, state: _State) -> Iterator[bool]:
        """Enter the parts of a state one after another; tell whether the place is another."""
        pending = [Left(state.region, ())]
        while pending:
            left = pending.pop()
            place = state.place if left.region.contains(state.place) else None
            self.walk.enter(left.region, place, left.why)
            yield self.walk.place != state.place
            pending += self.walk.left

    def _at(self, value: Any, place: tuple[int, ...]) -> Any:
        self.walk.place = place
        return placed(value, self.walk)

    def _one(
        self, state: _State, node: Any, moved: bool, inputs: Mapping[str, TensorSpec]
    ) -> _Part | None:
        """A node for the part of a state that is entered; None where it fails."""
        layer = self.layers.get(node.name)
        args = looked_up(node.args, state.values)
        kwargs = looked_up(node.kwargs, state.values)
        if moved:
            args, kwargs = placed(args, self.walk), placed(kwargs, self.walk)
        args, kwargs = named_anew(args), named_anew(kwargs)
        doubts = state.doubts
        if node.op == "output":
            output = args[0]
        elif layer is None:
            output = plain_call(node, args, kwargs)
        elif node.op == "placeholder":
            spec = inputs.get(node.name, layer.output)
            output = sourced(placed(spec, self.walk), layer.at(layer.args, spec))
        elif node.op == "get_attr":
            output = sourced(layer.output, layer)
        else:
            self.walk.asked.clear()
            again = self._called(layer, node, args, kwargs)
            found, doubt = self.refusals.of(again)
            if found is not None:
                made = layer
                self._settle(
                    lambda: self.refusals.of(self._called(made, node, args, kwargs))[0] is not None
                )
                self.failures.append(
                    Failure(
                        self.walk.region,
                        found,
                        layer.name,
                        self.walk.place,
                        self.walk.why,
                        doubts,
                        self.passed,
                    )
                )
                return None
            if _count(again.output) != _count(layer.output):
                self.elsewhere.append(self.walk.region)  # Python would have taken others
                return None
            wasted(self.walk, again, self.network)
            output = sourced(again.output, again)
            doubts = doubts.union(doubt, _unseen(again))
            if node.op == "call_function" and node.target is operator.setitem:
                output = None
        return _Part(self.walk.region, self.walk.place, output, doubts)

    def _called(self, layer: Layer, node: Any, args: Any, kwargs: Any) -> Layer:
        return layer if node.name in self.network.hooked else called(layer, node, args, kwargs)

    def _settle(self, fails: Callable[[], bool]) -> None:
        """Leave out of the proof what does not decide, but only how it is said or mended."""
        for key in list(self.walk.asked):
            if not self.walk.decides(key[0], fails):
                self.walk.questions.pop(key, None)

    # -- several parts

    def _merged(self, state: _State, parts: Sequence[_Part], lost: bool) -> list[_Part]:
        """The parts of a state, put together as far as they are of one kind.

        Args:
            lost: whether they are not the whole state.
        """
        groups: list[list[Any]] = []
        for part in parts:
            bits = part.region.bits()
            for group in groups:
                self.walk.place = group[0].place
                try:
                    output = merged(self.walk, Sides(bits, group[2]), part.output, group[1])
                except Different:
                    continue
                group[1:3] = output, group[2] | bits
                group.append(part)
                break
            else:
                groups.append([part, part.output, bits, part])
        found = []
        for first, output, _, *members in groups:
            region = state.region
            if lost or len(groups) > 1:
                region = united([part.region for part in members], region)
            doubts = frozenset[str]().union(*(part.doubts for part in members))
            self.walk.place = first.place
            found.append(_Part(region, first.place, placed(output, self.walk), doubts))
        return found

    def _reunited(self, states: list[_State]) -> list[_State]:
        """States that are of one kind again."""
        found: list[_State] = []
        for state in states:
            for i, other in enumerate(found):
                self.walk.place = other.place
                sides = Sides(state.region.bits(), other.region.bits())
                try:
                    values = merged(self.walk, sides, state.values, other.values)
                except Different:
                    continue
                region = united([other.region, state.region], _whole(other, state))
                doubts = other.doubts | state.doubts
                found[i] = _State(region, other.place, values, doubts)
                break
            else:
                found.append(state)
        return found

    # -- what Python decides

    def _guarded(self, state: _State, guard: Guard) -> Iterator[_State]:
        kept: list[Region] = []
        doubts = state.doubts
        nodes = [node for side in (guard.left, guard.right) for node in read(side)]
        for moved in self._parts(state):
            values: dict[str, Any] = {}
            for node in nodes:
                self._look_up(node, state.values, values, moved)
            left, right = evaluated(guard.left, values), evaluated(guard.right, values)
            if isinstance(left, Unknown) or isinstance(right, Unknown):
                doubts = doubts | {"Python asks for a size that is not known"}
                kept.append(self.walk.region)
            elif bool(COMPARISONS[guard.op](left, right)) == guard.answer:
                kept.append(self.walk.region)
            else:
                self.elsewhere.append(self.walk.region)
        if not kept:
            return
        region = united(kept, state.region)
        place = state.place
        values = state.values
        if not region.contains(place):
            self.walk.enter(region)
            place = self.walk.place
            values = {name: placed(value, self.walk) for name, value in values.items()}
        yield _State(region, place, dict(values), doubts)

    def _look_up(
        self, node: Any, alive: Mapping[str, Any], values: dict[str, Any], moved: bool
    ) -> None:
        """The value of a node; a size may be asked for before its node stands in the graph."""
        if node.name in alive:
            value = alive[node.name]
            values[node.name] = placed(value, self.walk) if moved else value
        elif node.name not in values and node.name not in self.layers:
            for used in node.all_input_nodes:
                self._look_up(used, alive, values, moved)
            args, kwargs = looked_up(node.args, values), looked_up(node.kwargs, values)
            values[node.name] = plain_call(node, args, kwargs)

    # -- the end

    def _ended(self, states: Sequence[_State]) -> Iterator[Works]:
        raised = [
            found
            for _, found in located(self.network, {"CL190"})
            if found.severity is Severity.ERROR
        ]
        doubtful = any(not one.certain for one in self.network.raised)
        for state in states:
            if raised:
                self.failures.append(
                    Failure(
                        state.region,
                        raised[0],
                        raised[0].layer,
                        state.place,
                        (),
                        state.doubts,
                        len(self.nodes),
                    )
                )
            elif doubtful:
                doubts = state.doubts | {"an exception of the network's code may not be raised"}
                yield Works(state.region, self.network, doubts)
            else:
                yield Works(state.region, self.network, state.doubts)


def _whole(one: _State, other: _State) -> Region:
    """A region that has both."""
    return Region(one.region.shape)


def _count(output: Any) -> int | None:
    """The items of a tuple; None where it is none, or not even that is known."""
    return len(output) if isinstance(output, tuple) else None


def _assumed(network: Network) -> Iterator[str]:
    for assumption in network.assumptions:
        place = assumption.frames[0].location if assumption.frames else None
        where = f" at line {place.row}" if place is not None else ""
        yield f"only data decide {assumption.what}{where}"


def _unseen(layer: Layer) -> Iterator[str]:
    """What of a layer cannot be told."""
    for spec in layer.outputs:
        if spec.shape is None or any(isinstance(n, Unknown) for n in spec.shape):
            yield f"the size that `{layer.title}` gives is not known"
            return
    if layer.op == "view" and layer.tensors and layer.tensors[0].strides is None:
        yield f"how the input of `{layer.title}` lies in memory is not known"


def _made_of(guard: Guard, layers: Mapping[str, Layer]) -> Iterator[str]:
    """The layers whose results a comparison reads, directly or by arithmetic."""
    pending = [node for side in (guard.left, guard.right) for node in read(side)]
    seen = set()
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node.name
        if node.name not in layers:
            pending += node.all_input_nodes


def _placed_guards(network: Network, nodes: Sequence[Any]) -> dict[int, list[Guard]]:
    """The guards by the index of the node before which they are asked."""
    index = {node.name: i for i, node in enumerate(nodes)}
    found: dict[int, list[Guard]] = {}
    for guard in network.guards:
        at = len(nodes)
        for layer in network.layers[guard.after : guard.after + 1]:
            at = index.get(layer.name, at)
        read_ = [name for name in _made_of(guard, network.by_name) if name in network.by_name]
        made = max((index.get(name, -1) + 1 for name in read_), default=0)
        found.setdefault(max(at, made), []).append(guard)
    return found


def _last_uses(
    nodes: Sequence[Any], guards: Mapping[int, Sequence[Guard]], layers: Mapping[str, Layer]
) -> dict[int, list[str]]:
    """Which values are not needed behind a node, by its index."""
    last: dict[str, int] = {}
    for i, node in enumerate(nodes):
        last[node.name] = i
        for used in node.all_input_nodes:
            last[used.name] = i
    for i, asked in guards.items():
        for guard in asked:
            for name in _made_of(guard, layers):
                last[name] = max(last.get(name, 0), i)
    found: dict[int, list[str]] = {}
    for name, i in last.items():
        found.setdefault(i, []).append(name)
    return found
