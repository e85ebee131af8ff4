"""`python -m tests.composed --count 20000 --seed 1`: networks, and what torch and convlint say."""

from __future__ import annotations

import argparse
import collections
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.zoo.processes import each
from tests.composed.comparison import Verdict, verdict
from tests.composed.network import Network
from tests.composed.reduction import reduced
from tests.composed.strategy import seeded

_TOGETHER: Final = 20
"""So many networks share a process."""

_LIMIT: Final = 30.0
"""Seconds that a network may take, if they all take as long."""


@dataclass(frozen=True)
class Outcome:
    """What became of one network."""

    seed: int
    network: Network
    verdict: Verdict


def outcome(seed: int) -> Outcome:
    """Draw and compare the network of this seed; one that disagrees is made small."""
    network = seeded(seed)
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(1_000_000))

        def asked(candidate: Network) -> Verdict:
            # Another file every time: torch and Python remember the lines of a file.
            try:
                return verdict(candidate, Path(folder) / f"composed_{seed}_{next(numbers)}.py")
            except Exception as exc:
                return Verdict("crash", convlint=(f"{type(exc).__name__}: {exc}",))

        found = Outcome(seed, network, asked(network))
        if found.verdict.agrees:
            return found
        small = reduced(network, lambda n: asked(n).answer == found.verdict.answer)
        return Outcome(seed, small, asked(small))


@dataclass(frozen=True)
class Comparing:
    """The task of comparing some networks.

    A process keeps the class of every network, and Python walks over all of them when an attribute
    of `nn.Module` is set, as every trace does.
    """

    seeds: range

    def run(self) -> list[Outcome]:
        """What became of each."""
        return [outcome(seed) for seed in self.seeds]

    def lost(self, reason: str) -> list[Outcome]:
        """One of them has not come to an end."""
        none = Network((), (), False)
        return [Outcome(seed, none, Verdict("lost", convlint=(reason,))) for seed in self.seeds]


def outcomes(seeds: range, jobs: int) -> Iterator[Outcome]:
    """One for every seed, as they come."""
    yield from map(outcome, seeds[:1])  # whose imports all others find made
    parts = (Comparing(seeds[at : at + _TOGETHER]) for at in range(1, len(seeds), _TOGETHER))
    for found in each(parts, jobs, _LIMIT * _TOGETHER):
        yield from found


def described(found: Outcome) -> dict[str, Any]:
    """A disagreement as it is kept."""
    return {
        "seed": found.seed,
        "answer": found.verdict.answer,
        "torch": found.verdict.torch,
        "convlint": found.verdict.convlint,
        "training": found.network.training,
        "inputs": [f"{list(i.shape)} {i.dtype}" for i in found.network.inputs],
        "source": found.network.source,
    }


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.composed", description=__doc__)
    options.add_argument("--count", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1, help="the draws begin at seed * 1e9")
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--out", type=Path, help="keep disagreements here, as JSON lines")
    given = options.parse_args()
    began = time.monotonic()
    counts: collections.Counter[str] = collections.Counter()
    first = given.seed * 1_000_000_000
    for found in outcomes(range(first, first + given.count), given.jobs):
        counts[found.verdict.answer] += 1
        counts["with slips"] += found.network.slips > 0
        counts["torch raises"] += bool(found.verdict.torch)
        counts["steps"] += len(found.network.steps)
        counts["errors behind the first"] += found.verdict.later
        if not found.verdict.agrees:
            line = json.dumps(described(found))
            print(line, flush=True)
            if given.out:
                with given.out.open("a", encoding="utf-8") as kept:
                    kept.write(line + "\n")
    steps = counts.pop("steps") / max(1, given.count)
    print(f"{given.count} networks of {steps:.1f} steps on average: {dict(sorted(counts.items()))}")
    print(f"{(time.monotonic() - began) / max(1, given.count) * 1000:.0f} ms each")


if __name__ == "__main__":
    main()
