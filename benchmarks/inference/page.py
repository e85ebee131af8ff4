"""The page of what was inferred."""

from __future__ import annotations

import importlib.metadata
import statistics
from collections.abc import Iterator, Sequence

from benchmarks.inference.measure import Outcome
from benchmarks.inference.population import BOUNDS

_TITLES = {
    "timm": "timm, convolutional networks",
    "torchvision": "torchvision, classifiers",
    "cases": "repaired networks of real bugs that take one image",
}


def page(outcomes: Sequence[Outcome], seconds: float, whole: bool) -> str:
    """docs/inference.md.

    Args:
        seconds: of processor time, what `import torch` takes.
        whole: whether all of timm was gone over.
    """
    return "\n".join([*_head(whole), *_table(outcomes, seconds), *_missed(outcomes)]) + "\n"


def _head(whole: bool) -> Iterator[str]:
    versions = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in ("timm", "torchvision"))
    sample = "all" if whole else "a sample that is spread over all"
    yield from (
        "# Inputs that nobody has given",
        "",
        "Written by `python -m benchmarks.inference`. For networks whose input is known, convlint",
        "is asked for it as `convlint model.py:Net` asks, with no input, configuration or comment.",
        "*found* are those of which rank, channels and dtype are right, and the size is one with",
        "which torch's own `forward` runs (on the meta device, else on the CPU).",
        f"Of timm it is {sample};",
        f"a network is convolutional as in `benchmarks.zoo.sizes`. {versions}.",
        "",
    )


def _table(outcomes: Sequence[Outcome], seconds: float) -> Iterator[str]:
    yield from (
        "| networks | count | found | bound | | time, over `import torch` | the slowest |",
        "|---|---:|---:|---:|---|---:|---:|",
    )
    for source, title in _TITLES.items():
        counted = [one for one in outcomes if one.source == source and not one.skipped]
        if not counted:
            continue
        good = sum(not one.wrong for one in counted)
        bound = BOUNDS[source]
        kept = "kept" if good >= bound * len(counted) else "**not kept**"
        times = [one.seconds / seconds for one in counted if one.seconds]
        yield (
            f"| {title} | {len(counted)} | {good} ({good / len(counted):.1%}) | {bound:.0%} | "
            f"{kept} | {statistics.median(times):.2f} | {max(times):.2f} |"
        )


def _missed(outcomes: Sequence[Outcome]) -> Iterator[str]:
    missed = [one for one in outcomes if not one.skipped and one.wrong]
    yield from ("", "## Not found", "")
    if not missed:
        yield "Every input was found."
        return
    yield from ("| network | takes | inferred | why it is not right |", "|---|---|---|---|")
    for one in missed:
        reason = " ".join(one.wrong.split()).replace("|", "\\|")[:160]
        yield f"| {one.source}/{one.name} | {_shown(one.known)} | {_shown(one.found)} | {reason} |"


def _shown(tensor: Sequence[object]) -> str:
    if not tensor:
        return ""
    shape, dtype = tensor
    assert isinstance(shape, list)
    return ",".join(map(str, shape)) + ("" if dtype == "float32" else f":{dtype}")
