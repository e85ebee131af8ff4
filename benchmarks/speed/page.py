"""docs/speed.md: what was measured, and whether the bounds are kept."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from benchmarks.speed.comparison import CHAINS, Row
from benchmarks.speed.model import Model
from benchmarks.speed.stages import Stages

_TOOLS = {
    "convlint": "convlint",
    "torchinfo": "torchinfo (meta)",
    "fake": "FakeTensor",
    "export": "torch.export (meta)",
    "forward": "real forward (CPU)",
}
_LAYER = 60e-6
_GROWTH = 2.2
_MEMORY = 1.10


@dataclass(frozen=True)
class Measured:
    """Everything that the page tells; `imported` as `benchmarks.speed.imports` gives it."""

    models: Sequence[Model]
    rows: Sequence[Row]
    stages: Mapping[str, Stages]
    profile: Mapping[str, Stages]
    chains: Sequence[Stages]
    imported: Sequence[tuple[str, bool, float]]
    rounds: int
    bounds: list[tuple[str, str, str]] = field(default_factory=list)


def page(measured: Measured) -> str:
    """The page as Markdown."""
    return "\n".join(_lines(measured)) + "\n"


def _lines(m: Measured) -> Iterator[str]:
    yield from (
        "# Speed",
        "",
        "Written by `python -m benchmarks.speed`. Ratios to `import torch` alone, which is run in",
        f"turn with each command, in fresh processes: the median of {m.rounds} rounds, torch",
        f"{torch.__version__.partition('+')[0]}. A whole run of convlint has `import torch` in it;",
        "below 1 it is because the process of a check does not collect garbage meanwhile.",
        "",
    )
    yield from _compared(m, "Wall time", lambda row: row.time)
    yield from _compared(m, "Peak memory of the largest process", lambda row: row.peak)
    yield from _bounds(m)
    yield from _layers(m)
    yield from _profile(m)


def _compared(m: Measured, title: str, of: object) -> Iterator[str]:
    assert callable(of)
    tools = {t: title for t, title in _TOOLS.items() if any(row.tool == t for row in m.rows)}
    yield from (f"## {title}", "", f"| network | input | {' | '.join(tools.values())} |")
    yield "|---|---|" + "---:|" * len(tools)
    reasons: dict[str, str] = {}
    for model in m.models:
        cells = []
        for row in (r for t in tools for r in m.rows if (r.model, r.tool) == (model.name, t)):
            cells.append("—" if row.failure else f"{of(row):.2f}")
            if row.failure:
                reasons[f"{_TOOLS[row.tool]}, {model.title}"] = row.failure
        yield f"| {model.title} | {model.input} | {' | '.join(cells)} |"
    yield ""
    for name, reason in reasons.items():
        yield f"— {name}: {reason}"
    if reasons:
        yield ""


def _bounds(m: Measured) -> Iterator[str]:
    ours = {row.model: row for row in m.rows if row.tool == "convlint" and not row.failure}
    yield from ("## Bounds", "", "| what | bound | measured | |", "|---|---:|---:|---|")
    for model in m.models:
        if model.name in ours and model.name != "chain":
            bound = 1.10 if model.name == "resnet50" else 1.3
            yield _bound(f"{model.title}, whole process", bound, ours[model.name].time)
    if ours:
        most = max(ours.values(), key=lambda row: row.peak)
        yield _bound(f"peak memory, largest process ({most.model})", _MEMORY, most.peak)
        shared = [row for row in ours.values() if row.pss is not None]
        if shared:
            most = max(shared, key=lambda row: row.pss or 0.0)
            title = f"peak memory, all processes together ({most.model})"
            yield _bound(title, _MEMORY, most.pss or 0.0)
    median = statistics.median(one.median for one in m.stages.values())
    yield _bound("a layer, median over the networks (µs)", _LAYER * 1e6, median * 1e6, 0)
    if m.chains:
        few, many = (one.analysis for one in m.chains)
        yield _bound(f"{CHAINS[1]:,} layers over {CHAINS[0]:,}", _GROWTH, many / few)
    yield ""


def _bound(title: str, bound: float, found: float, digits: int = 2) -> str:
    kept = "kept" if round(found, digits) <= bound else "**not kept**"
    return f"| {title} | {bound:.{digits}f} | {found:.{digits}f} | {kept} |"


def _layers(m: Measured) -> Iterator[str]:
    yield from (
        "## A layer",
        "",
        "Microseconds from one recorded layer to the next while the network is traced, with what",
        "its own lines take between them; and all of building, tracing and judging, by layer.",
        "",
        "| network | layers | median | 95 % below | build + trace + judge, by layer |",
        "|---|---:|---:|---:|---:|",
    )
    for model in m.models:
        if model.name in m.stages:
            one = m.stages[model.name]
            yield (
                f"| {model.title} | {one.layers:,} | {one.median * 1e6:.0f} | "
                f"{one.high * 1e6:.0f} | {one.analysis / one.layers * 1e6:.0f} |"
            )
    yield ""


def _profile(m: Measured) -> Iterator[str]:
    yield from (
        "## Where the time goes",
        "",
        "Stages of the process that checks, in hundredths of `import torch` in the same process.",
        "",
    )
    names = list(m.stages)
    yield f"| stage | {' | '.join(_title(m, name) for name in names)} |"
    yield "|---|" + "---:|" * len(names)
    for stage in m.stages[names[0]].seconds if names else ():
        cells = (
            f"{100 * m.stages[n].seconds[stage] / m.stages[n].seconds['import torch']:.1f}"
            for n in names
        )
        yield f"| {stage} | {' | '.join(cells)} |"
    yield from ("", "Of tracing (cProfile, in hundredths of it):", "")
    names = list(m.profile)
    yield f"| part | {' | '.join(_title(m, name) for name in names)} |"
    yield "|---|" + "---:|" * len(names)
    for part in m.profile[names[0]].parts if names else ():
        cells = (f"{100 * m.profile[n].parts[part]:.0f}" for n in names)
        yield f"| {part} | {' | '.join(cells)} |"
    yield from (
        "",
        "Modules that a run on a good network could need, whether it imports them beyond what",
        "torch does, and what they cost where torch is there already, in hundredths of",
        "`import torch`:",
        "",
        "| module | imported | cost |",
        "|---|---|---:|",
    )
    for name, taken, cost in m.imported:
        yield f"| {name} | {'yes' if taken else 'no'} | {100 * cost:.1f} |"


def _title(m: Measured, name: str) -> str:
    return next(model.title for model in m.models if model.name == name)
