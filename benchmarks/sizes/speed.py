"""What the whole answer costs: as ratios to `import torch`, in one run, and a page of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from benchmarks.speed.model import Model, models
from benchmarks.speed.process import ROOT, Usage, environment, measure
from convlint.sizing import LARGEST

BOUND = 1.3
_NETWORKS = ("resnet50", "unet")
_LIMIT = 600.0
_IMPORT = [sys.executable, "-c", "import torch"]


@dataclass(frozen=True, slots=True)
class Speed:
    """What the sizes of one network take, over `import torch` in the same rounds.

    `brute` is a forward of FakeTensors for every size, extrapolated from a sample.
    """

    title: str
    wall: float
    cpu: float
    brute: float


def speeds(rounds: int, sample: int) -> Iterator[Speed]:
    """Each network, in turns with `import torch`.

    Args:
        sample: for how many sizes the brute force is run, in each round.
    """
    chosen = [model for model in models() if model.name in _NETWORKS]
    turns: dict[str, list[tuple[Usage, Usage, float]]] = {model.name: [] for model in chosen}
    for number in range(1 + rounds):  # the first fills the caches
        for model in chosen:
            turn = (
                measure(_IMPORT, _LIMIT), measure(_command(model), _LIMIT), _brute(model, sample)
            )  # fmt: skip
            if number:
                turns[model.name].append(turn)
    for model in chosen:
        found = turns[model.name]
        yield Speed(
            model.title,
            statistics.median(ours.seconds / base.seconds for base, ours, _ in found),
            statistics.median(ours.cpu / base.cpu for base, ours, _ in found),
            statistics.median(LARGEST**2 * one / base.seconds for base, _, one in found),
        )


def _command(model: Model) -> list[str]:
    batch, channels, *_ = model.input.split(",")
    path = str(model.path.relative_to(ROOT))
    word = ["-m", "convlint", "sizes", f"{path}:Net", "--input", f"{batch},{channels},H,W"]
    return [sys.executable, *word]


def _brute(model: Model, sample: int) -> float:
    """Seconds for one size."""
    _, channels, *_ = model.input.split(",")
    words = [str(model.path), channels, str(LARGEST), str(sample)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sizes.brute", *words],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout.split()[-1])


def rows(found: Mapping[str, Speed]) -> Iterator[str]:
    """The table."""
    yield "| network | bound | wall time |  | processor time | brute force | times convlint |"
    yield "|---|---:|---:|---|---:|---:|---:|"
    for one in found.values():
        kept = "kept" if one.wall <= BOUND else "**not kept**"
        yield (
            f"| {one.title} | {BOUND:.2f} | {one.wall:.2f} | {kept} | {one.cpu:.2f} "
            f"| {one.brute:,.0f} | {one.brute / one.wall:,.0f} |"
        )


def page(found: Mapping[str, Speed], rounds: int, sample: int) -> str:
    """docs/sizes-speed.md."""
    return "\n".join((
        "# What the sizes cost",
        "",
        "Written by `python -m benchmarks.sizes speed`. The whole process of `convlint sizes`,"
        " without a",
        f"cache, for all H × W up to {LARGEST} × {LARGEST} and the proof for all others, over"
        " `python -c 'import",
        f"torch'`: medians of {rounds} rounds, all in turn, on {os.cpu_count()} cores, torch"
        f" {torch.__version__.partition('+')[0]}. The bound is one",
        "of wall time.",
        "",
        f"**Brute force** is a forward of FakeTensors for each of the {LARGEST**2:,} sizes, over"
        " `import torch` too:",
        f"extrapolated from {sample} random sizes in each round, since nobody waits for it.",
        "",
        *rows(found),
        "",
    ))  # fmt: skip
