"""docs/speed.md: what was measured, and whether the bounds are kept."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from benchmarks.speed.comparison import SLOW, Row
from benchmarks.speed.model import Model
from benchmarks.speed.stages import CHAINS, Stages

_TOOLS = {
    "bare": "bare import",
    "convlint": "convlint",
    "built": "torch builds it (meta)",
    "torchinfo": "torchinfo (meta)",
    "fake": "FakeTensor (meta)",
    "export": "torch.export (meta)",
    "forward": "real forward (CPU)",
}
_STRICTER = {"resnet50": 1.10}
_WHOLE = 1.3
_LAYER = 60e-6
_GROWTH = 2.2
_MEMORY = 1.10


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that the page tells; `imports` as `benchmarks.speed.imports.costs` gives it."""

    models: Sequence[Model]
    rows: Sequence[Row]
    stages: Mapping[str, Stages]
    profiles: Mapping[str, Stages]
    chains: Sequence[Stages]
    imports: Sequence[tuple[str, str, float]]
    rounds: int


def page(measured: Measured) -> str:
    """The page as Markdown."""
    return "\n".join(_lines(measured)) + "\n"


def _lines(m: Measured) -> Iterator[str]:
    yield from (
        "# Speed",
        "",
        "Written by `python -m benchmarks.speed`. Ratios to `python -c 'import torch'`, in fresh",
        f"processes, all tools in turn: the median of {m.rounds} rounds, torch",
        f"{torch.__version__.partition('+')[0]}.",
        "",
        "A run of convlint has the import of torch in it, and can still be below 1: the process of",
        "a check collects no garbage, sets `PYTORCH_JIT=0`, and ends at once where Python would",
        "take everything down first. `bare import` is `import torch` with these three savings, and",
        "the last column of the first two tables is convlint over that.",
        "",
    )
    yield from _compared(m, "Wall time", lambda row: row.time, "convlint over bare")
    yield from _compared(m, "Processor time", lambda row: row.cpu, "convlint over bare")
    yield from _compared(m, "Peak memory of the largest process", lambda row: row.peak)
    yield from _footnotes(m)
    yield from _bounds(m)
    yield from _layers(m)
    yield from _profile(m)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> Iterator[str]:
    """A table whose first `words` columns are words, the others numbers."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * words + "---:|" * (len(head) - words)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _compared(m: Measured, title: str, of: Callable[[Row], float], over: str = "") -> Iterator[str]:
    tools = [tool for tool in _TOOLS if any(row.tool == tool for row in m.rows)]
    found = {(row.model, row.tool): row for row in m.rows if not row.failure}
    over = over if {"bare", "convlint"} <= set(tools) else ""

    def cells(model: Model) -> Iterator[str]:
        rows = {tool: found.get((model.name, tool)) for tool in tools}
        yield from (model.title, model.input)
        yield from (f"{of(row):.2f}" if row else "—" for row in rows.values())
        bare, ours = rows.get("bare"), rows.get("convlint")
        if over:
            yield f"{of(ours) / of(bare):.2f}" if bare and ours else "—"

    head = ["network", "input", *(_TOOLS[tool] for tool in tools), *([over] if over else [])]
    yield from (f"## {title}", "")
    yield from _table(head, (list(cells(model)) for model in m.models), 2)


def _footnotes(m: Measured) -> Iterator[str]:
    notes = [
        f"* — {_TOOLS[row.tool]}, {_title(m, row.model)}: {row.failure}"
        for row in m.rows
        if row.failure
    ]
    once = [
        f"{_TOOLS[row.tool]}, {_title(m, row.model)}"
        for row in m.rows
        if row.rounds == 1 < m.rounds
    ]
    if once:
        notes.append(f"* Measured once, for it takes over {SLOW:g} s: {'; '.join(once)}.")
    if notes:
        yield from (*notes, "")


def _bounds(m: Measured) -> Iterator[str]:
    yield from ("## Bounds", "")
    yield from _table(["what", "bound", "measured", ""], _judged(m))
    yield from _floor(m)


def _floor(m: Measured) -> Iterator[str]:
    """Of the most memory, what any tool needs that has the network at all."""
    ours = [row for row in m.rows if row.tool == "convlint" and not row.failure]
    most = max(ours, key=lambda row: row.peak, default=None)
    for row in m.rows:
        if most and row.model == most.model and row.tool == "built" and not row.failure:
            title = _title(m, row.model)
            yield f"Of the {most.peak:.2f} of {title}, {row.peak:.2f} are torch and the modules as"
            yield from ("torch makes them on the meta device, without convlint.", "")


def _judged(m: Measured) -> Iterator[Sequence[str]]:
    ours = {row.model: row for row in m.rows if row.tool == "convlint" and not row.failure}
    for model in m.models:
        if model.name in ours and model.name != "chain":
            bound = _STRICTER.get(model.name, _WHOLE)
            yield _bound(f"{model.title}, whole process", bound, ours[model.name].time)
    if ours:
        most = max(ours.values(), key=lambda row: row.peak)
        title = f"peak memory, largest process ({_title(m, most.model)})"
        yield _bound(title, _MEMORY, most.peak)
    held = {row.model: row.together for row in ours.values() if row.together is not None}
    if held:
        name = max(held, key=lambda name: held[name])
        title = f"peak memory, all processes together ({_title(m, name)})"
        yield _bound(title, _MEMORY, held[name])
    for title, of in (
        ("a layer is traced in (median, µs)", lambda one: one.median),
        ("a layer is traced and judged in (µs)", lambda one: one.layer),
    ):
        median = statistics.median(of(one) for one in m.stages.values())
        yield _bound(title, _LAYER * 1e6, median * 1e6, 0)
    if m.chains:
        few, many = (one.analysis for one in m.chains)
        yield _bound(f"{CHAINS[1]:,} layers over {CHAINS[0]:,}", _GROWTH, many / few)


def _bound(title: str, bound: float, found: float, digits: int = 2) -> Sequence[str]:
    kept = "kept" if found <= bound else "**not kept**"
    return title, f"{bound:.{digits}f}", f"{found:.{digits}f}", kept


def _layers(m: Measured) -> Iterator[str]:
    yield from (
        "## A layer",
        "",
        "Microseconds of the processor from one recorded layer to the next while the network is",
        "traced, with what its own lines take between them; then the means over all layers of what",
        "each stage takes in whole. To build a network is torch's work as well as convlint's.",
        "",
    )
    head = ["network", "layers", "median", "95 % below", "build", "trace", "judge"]
    yield from _table(
        head,
        (
            (
                _title(m, name),
                f"{one.layers:,}",
                f"{one.median * 1e6:.0f}",
                f"{one.high * 1e6:.0f}",
                *(f"{one.seconds[stage] / one.layers * 1e6:.0f}" for stage in head[4:]),
            )
            for name, one in m.stages.items()
        ),
    )


def _profile(m: Measured) -> Iterator[str]:
    yield from (
        "## Where the time goes",
        "",
        "Stages of a check, all in one process, in hundredths of `import torch` there (processor",
        "time, without collecting garbage).",
        "",
    )
    names = list(m.stages)
    head = [_title(m, name) for name in names]
    yield from _table(
        ["stage", *head],
        (
            (stage, *(f"{100 * _share(m.stages[name], stage):.1f}" for name in names))
            for stage in (m.stages[names[0]].seconds if names else ())
        ),
    )
    columns = [(name, stage) for name, one in m.profiles.items() for stage in one.parts]
    if columns:
        yield from ("Of building and tracing (cProfile, in hundredths of the stage):", "")
        name, stage = columns[0]
        yield from _table(
            ["part", *(f"{_title(m, name)}, {stage}" for name, stage in columns)],
            (
                (part, *(f"{100 * m.profiles[n].parts[s][part]:.0f}" for n, s in columns))
                for part in m.profiles[name].parts[stage]
            ),
        )
    if m.imports:
        yield from (
            "Modules that a run on a good network could need, who imports them, and what they cost",
            "where torch is there already, in hundredths of `import torch`:",
            "",
        )
        yield from _table(
            ["module", "imported by", "cost"],
            ((name, who or "nobody", f"{100 * cost:.1f}") for name, who, cost in m.imports),
            2,
        )


def _share(one: Stages, stage: str) -> float:
    return one.seconds[stage] / one.seconds["import torch"]


def _title(m: Measured, name: str) -> str:
    return next(model.title for model in m.models if model.name == name)
