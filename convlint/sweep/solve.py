"""All candidates, through as many graphs as Python records for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from convlint.judge import Refusals
from convlint.network import Network
from convlint.sweep import proof
from convlint.sweep.answer import Answer, Failure, Works
from convlint.sweep.follow import OutOfTime, follow
from convlint.sweep.grid import Grid
from convlint.sweep.region import Region
from convlint.sweep.walk import Walk
from convlint.tensor import TensorSpec

Trace = Callable[[Mapping[str, int]], "Network | None"]
"""Traces the network at these sizes of the letters; None where that is not possible."""

Inputs = Callable[[Mapping[str, Any]], Mapping[str, TensorSpec]]
"""The specs of the network's inputs, by name, at these sizes of the letters."""

_LEFT: Final = "not all sizes were followed"


def solve(
    grid: Grid,
    trace: Trace,
    inputs: Inputs,
    *,
    first: tuple[Mapping[str, int], Network] | None = None,
    within: Region | None = None,
    traces: int = 64,
    seconds: float = 30.0,
) -> Answer:
    """What every candidate of a grid gives.

    Args:
        first: a network that is traced already, with the sizes that it was traced for.
        within: the candidates that are of interest.
        traces: how often the network may be traced.
        seconds: what is not followed after this time is not known.
    """
    end = time.monotonic() + seconds
    near = _usual(grid) if first is None else grid.place(first[0]) or _usual(grid)
    walk = Walk(grid, near)
    whole = Region(grid.shape) if within is None else within
    refusals = Refusals()
    works: list[Works] = []
    failures: list[Failure] = []
    unknown: list[Region] = []
    reasons: list[str] = []
    pending = [] if whole.is_empty else [whole]
    done = 0
    while pending:
        region = pending.pop(0)
        if done >= traces or time.monotonic() > end:
            unknown.append(region)
            continue
        done += 1
        place = region.pick(near)
        network = None
        if first is not None and done == 1:
            at = grid.place(first[0])
            if at is not None and region.contains(at):
                place, network = at, first[1]
        try:
            if network is None:
                network = trace(grid.at(place))
            if network is None or network.fx_graph is None:
                unknown.append(region)
                continue
            walk.enter(region, place)
            letters = {axis.letter: walk.letter(i) for i, axis in enumerate(grid.axes)}
            found = follow(walk, network, region, inputs(letters), refusals, place, end)
        except OutOfTime:
            unknown.append(region)
            continue
        except MemoryError:
            unknown.append(region)
            reasons.append(f"{_LEFT}: it takes more memory than there is")
            walk.forget_all()
            done = traces
            continue
        works += found.works
        failures += found.failures
        pending += found.elsewhere
    reasons += (doubt for one in works for doubt in sorted(one.doubts))
    if unknown and not any(reason.startswith(_LEFT) for reason in reasons):
        took = f"{done} traces" if done >= traces else f"{seconds:.0f} seconds"
        reasons.insert(0, f"{_LEFT}: it takes more than {took}")
    recurring = proof.recurring(walk)
    doubts = list(proof.doubts(walk, recurring))
    is_short = not reasons and all(doubt.is_short for doubt in doubts)
    reasons += (doubt.text for doubt in doubts)
    return Answer(
        grid,
        tuple(works),
        tuple(failures),
        tuple(unknown),
        not reasons,
        tuple(dict.fromkeys(reasons)),
        tuple(walk.unread),
        tuple(walk.uneven),
        proof.needed(walk, recurring) if is_short and doubts else (),
        proof.periods(recurring),
        is_short and bool(doubts),
    )


def _usual(grid: Grid) -> tuple[int, ...]:
    """The place of usual sizes."""
    return tuple(
        axis.sizes.index(224) if 224 in axis.sizes else min(1, len(axis.sizes) - 1)
        for axis in grid.axes
    )
