"""Where the time of one check goes, by the stages of the run."""

from __future__ import annotations

import dataclasses
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.speed.model import Model
from benchmarks.speed.process import ROOT, environment

CHAINS = (1000, 2000)


@dataclasses.dataclass(frozen=True)
class Stages:
    """Seconds of the processor by stage, in the order of the run, and by layer.

    `median` and `high` are over the layers: the time from one recorded layer to the next, with
    what the user's own lines take between them; `high` is the 95th percentile. `parts` is the
    profile of a stage, in shares of one; empty where none was taken.
    """

    seconds: dict[str, float]
    layers: int
    median: float
    high: float
    parts: dict[str, dict[str, float]]

    @property
    def analysis(self) -> float:
        """Seconds of building, tracing and judging."""
        return sum(self.seconds[name] for name in ("build", "trace", "judge"))

    @property
    def layer(self) -> float:
        """Seconds of tracing a layer (the median) and judging it (the mean)."""
        return self.median + self.seconds["judge"] / self.layers


def stages(model: Model, rounds: int) -> Stages:
    """The stages of checking `model`, each the median of the rounds."""
    return _median([_staged(model) for _ in range(rounds)])


def profiled(model: Model) -> Stages:
    """The stages of checking `model` once, with the profiles of building and tracing."""
    return _staged(model, "profiled")


def chains(model: Model, rounds: int) -> list[Stages]:
    """The stages of chains of so many layers, in turn."""
    turns = [[_staged(model, str(n)) for n in CHAINS] for _ in range(rounds)]
    return [_median(column) for column in zip(*turns, strict=True)]


def _staged(model: Model, *words: str) -> Stages:
    command = [
        sys.executable, "-m", "benchmarks.speed.stopwatch", str(model.path), model.input, *words,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    return Stages(**json.loads(done.stdout))


def _median(measured: Sequence[Stages]) -> Stages:
    names = measured[0].seconds
    return dataclasses.replace(
        measured[0],
        seconds={n: statistics.median(one.seconds[n] for one in measured) for n in names},
        median=statistics.median(one.median for one in measured),
        high=statistics.median(one.high for one in measured),
    )
