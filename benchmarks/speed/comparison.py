"""convlint and its rivals in turn, over all models."""

from __future__ import annotations

import dataclasses
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.model import Model
from benchmarks.speed.process import ROOT, Failed, Usage, environment, measure, together
from benchmarks.speed.stages import Stages

IMPORT = [sys.executable, "-c", "import torch"]
RIVALS = ("torchinfo", "fake", "export", "forward")
CHAINS = (1000, 2000)
LIMIT = 300.0


@dataclass(frozen=True, slots=True)
class Row:
    """What one tool takes for one model, as ratios to `import torch` in the same rounds.

    `pss` is the ratio of the memory of all processes together; None where it is not measured.
    `failure` says why there is none of them.
    """

    model: str
    tool: str
    time: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    pss: float | None = None
    failure: str = ""


def rows(models: Sequence[Model], rivals: Sequence[str], rounds: int, cache: Path) -> Iterator[Row]:
    """Every model with convlint and every rival."""
    measure(IMPORT, cache, LIMIT)
    for model in models:
        for tool in ("convlint", *rivals):
            yield _row(model, tool, rounds, cache)


def _row(model: Model, tool: str, rounds: int, cache: Path) -> Row:
    command = _command(model, tool)
    turns: list[tuple[Usage, Usage]] = []
    try:
        measure(command, cache, LIMIT)  # compiles what is imported
        slow = False
        while len(turns) < (1 if slow else rounds):
            turns.append((measure(IMPORT, cache, LIMIT), measure(command, cache, LIMIT)))
            slow = turns[0][1].seconds > 20
    except Failed as reason:
        return Row(model.name, tool, failure=str(reason))
    pss = None
    if tool == "convlint":
        alone, ours = together(IMPORT, cache), together(command, cache)
        pss = ours / alone if alone and ours else None

    def ratio(of: Callable[[Usage], float]) -> float:
        return statistics.median(of(ours) / of(base) for base, ours in turns)

    return Row(
        model.name, tool, ratio(lambda u: u.seconds), ratio(lambda u: u.cpu),
        ratio(lambda u: u.peak), pss,
    )  # fmt: skip


def _command(model: Model, tool: str) -> list[str]:
    path = str(model.path.relative_to(ROOT))
    if tool == "convlint":
        return [sys.executable, "-m", "convlint", f"{path}:Net", "--input", model.input]
    return [sys.executable, "-m", "benchmarks.speed.rival", tool, path, model.input]


def stages(model: Model, rounds: int, cache: Path, *words: str) -> Stages:
    """The stages of checking `model`, each the median of the rounds."""
    return _median([_staged(model, cache, *words) for _ in range(rounds)])


def chains(model: Model, rounds: int, cache: Path) -> list[Stages]:
    """The stages of chains of so many layers, in turn."""
    turns = [[_staged(model, cache, str(n)) for n in CHAINS] for _ in range(rounds)]
    return [_median(list(column)) for column in zip(*turns, strict=True)]


def _staged(model: Model, cache: Path, *words: str) -> Stages:
    command = [
        sys.executable, "-m", "benchmarks.speed.stages", str(model.path), model.input, *words,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env=environment(cache), capture_output=True, text=True, check=True
    )
    return Stages(**json.loads(done.stdout))


def _median(measured: list[Stages]) -> Stages:
    names = measured[0].seconds
    return dataclasses.replace(
        measured[0],
        seconds={n: statistics.median(one.seconds[n] for one in measured) for n in names},
        median=statistics.median(one.median for one in measured),
        high=statistics.median(one.high for one in measured),
    )
