"""convlint and its rivals in turn, over all models."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.speed.model import Model
from benchmarks.speed.process import ROOT, Failed, Usage, measure, together

RIVALS = ("built", "torchinfo", "fake", "export", "forward")
LIMIT = 300.0
SLOW = 20.0
"""Seconds; what takes longer is run once only."""
_SAMPLED = 3

_IMPORT = [sys.executable, "-c", "import torch"]
# As the process of a check does: see `convlint/isolate.py`.
_BARE = [
    sys.executable, "-c",
    "import gc, os; gc.disable(); os.environ['PYTORCH_JIT'] = '0'; import torch; os._exit(0)",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """What one tool takes for one model, as ratios to `import torch` in the same rounds.

    `together` is the ratio of the memory of all processes at a time; None where it is not
    measured. `failure` says why there is nothing of it all.
    """

    model: str
    tool: str
    time: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    together: float | None = None
    rounds: int = 0
    failure: str = ""


def rows(models: Sequence[Model], rivals: Sequence[str], rounds: int) -> Iterator[Row]:
    """Every model with `bare` (the import as a check does it), convlint and every rival."""
    for model in models:
        yield from _rows(model, ("bare", "convlint", *rivals), rounds)


def _rows(model: Model, tools: Sequence[str], rounds: int) -> Iterator[Row]:
    turns: dict[str, list[tuple[Usage, Usage]]] = {tool: [] for tool in tools}
    failures: dict[str, str] = {}
    done: set[str] = set()
    for number in range(1 + rounds):  # the first fills the caches, and counts for slow tools only
        base = measure(_IMPORT, LIMIT) if number else None
        for tool in (one for one in tools if one not in done and (number or one != "bare")):
            try:
                usage = measure(_command(model, tool), LIMIT)
            except Failed as reason:
                failures[tool] = str(reason)
                done.add(tool)
                continue
            if usage.seconds > SLOW:
                done.add(tool)
            if number or tool in done:
                turns[tool].append((base or measure(_IMPORT, LIMIT), usage))
    for tool in tools:
        if tool in failures:
            yield Row(model.name, tool, failure=failures[tool])
        else:
            memory = _together(model, min(rounds, _SAMPLED)) if tool == "convlint" else None
            yield _row(model, tool, turns[tool], memory)


def _row(model: Model, tool: str, turns: list[tuple[Usage, Usage]], memory: float | None) -> Row:
    def ratio(of: Callable[[Usage], float]) -> float:
        return statistics.median(of(usage) / of(base) for base, usage in turns)

    return Row(
        model.name, tool, ratio(lambda u: u.seconds), ratio(lambda u: u.cpu),
        ratio(lambda u: u.peak), memory, len(turns),
    )  # fmt: skip


def _together(model: Model, rounds: int) -> float | None:
    turns = [(together(_IMPORT), together(_command(model, "convlint"))) for _ in range(rounds)]
    return statistics.median([ours / base for base, ours in turns if base and ours] or [0]) or None


def _command(model: Model, tool: str) -> list[str]:
    path = str(model.path.relative_to(ROOT))
    if tool == "bare":
        return _BARE
    if tool == "convlint":
        return [sys.executable, "-m", "convlint", f"{path}:Net", "--input", model.input]
    return [sys.executable, "-m", "benchmarks.speed.rival", tool, path, model.input]
