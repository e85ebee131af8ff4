"""What a sweep has found: which candidates work, which fail, where and why."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from convlint.diagnostic import Diagnostic
from convlint.network import Network
from convlint.sweep.grid import Grid, Numbers
from convlint.sweep.region import Region
from convlint.sweep.walk import Waste, Why


@dataclass(frozen=True, slots=True)
class Works:
    """Candidates for which torch raises nothing, as far as shapes tell.

    `doubts` says what was not seen; `network` is the one that was traced for them.
    """

    region: Region
    network: Network
    doubts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Failure:
    """Candidates for which torch raises, and where they meet it first.

    `diagnostic` is that of the candidate at `place`; `why` are the comparisons there that told
    them from others, `progress` how many nodes of the graph were passed before.
    """

    region: Region
    diagnostic: Diagnostic
    layer: str
    place: tuple[int, ...]
    why: Why = ()
    doubts: frozenset[str] = frozenset()
    progress: int = 0


@dataclass(frozen=True)
class Answer:
    """The whole grid: what works, what fails, and what was not followed."""

    grid: Grid
    works: tuple[Works, ...]
    failures: tuple[Failure, ...]
    unknown: tuple[Region, ...] = ()
    """Candidates that were not followed, for want of time or because tracing failed."""
    proven: bool = False
    """Whether the pattern goes on beyond the grid for certain."""
    reasons: tuple[str, ...] = field(default=())
    """Why it is not proven."""

    unread: tuple[Waste, ...] = ()
    uneven: tuple[Waste, ...] = ()
    needed: tuple[int, ...] = ()
    """How many sizes of each letter a proof would need, as far as that can be told."""

    periods: tuple[int, ...] = ()
    """After how many sizes of each letter all comes again; 0 where that is not known."""

    is_short: bool = False
    """Whether it may be proven on a larger grid."""

    def works_at(self, sizes: Mapping[str, int]) -> bool | None:
        """Whether these sizes work, also beyond the grid; None where that is not known."""
        places = []
        for axis, period in zip(self.grid.axes, self.periods, strict=True):
            place, rest = divmod(sizes[axis.letter] - axis.sizes[0], axis.step or 1)
            beyond = place - len(axis.sizes) + 1
            if rest or place < 0 or (beyond > 0 and not (self.proven and axis.is_open)):
                return None
            if beyond > 0:
                place -= -(-beyond // period) * period
            if place < 0:
                return None
            places.append(place)
        at = tuple(places)
        return None if self.unseen[at] else bool(self.valid[at])

    @cached_property
    def valid(self) -> Numbers:
        """Which candidates work: a mask of the grid's full shape."""
        return self._mask(tuple(found.region for found in self.works))

    @cached_property
    def unseen(self) -> Numbers:
        """Which candidates were not followed."""
        return self._mask(self.unknown)

    def wasting(self, wastes: tuple[Waste, ...]) -> Numbers:
        """Which candidates that work waste something: what none of the layers uses that take it."""
        none: Numbers = np.zeros((1,) * len(self.grid.axes), dtype=bool)
        takers: dict[tuple[str, str], dict[str, Numbers]] = {}
        for waste in wastes:
            own = takers.setdefault((waste.tensor, waste.axis), {})
            own[waste.layer] = own.get(waste.layer, none) | waste.mask
        counts = {waste.tensor: waste.takers for waste in wastes}
        found = none
        for (tensor, _), masks in takers.items():
            if len(masks) == counts[tensor]:
                found = found | functools.reduce(operator.and_, masks.values())
        return self.valid & found

    def failing(self, failure: Failure) -> Numbers:
        """Which candidates fail in one way."""
        return self._mask((failure.region,))

    def _mask(self, regions: tuple[Region, ...]) -> Numbers:
        found = np.zeros(self.grid.shape, dtype=bool)
        for region in regions:
            found |= np.broadcast_to(region.bits(), self.grid.shape)
        return found
