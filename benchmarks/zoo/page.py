"""docs/zoo.md: what came of a sweep."""

from __future__ import annotations

import collections
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch

from benchmarks.zoo import libraries
from benchmarks.zoo.examine import Outcome
from benchmarks.zoo.prevalence.tally import Known
from benchmarks.zoo.sizes import Comparison

_SHOWN = 25
_WITHOUT_DATA = ("DataDependentOutputException", "DynamicOutputShapeException")
"""What fake tensors raise where only data could answer."""


def page(
    outcomes: Sequence[Outcome],
    comparisons: Sequence[Comparison] = (),
    true: Mapping[str, Known] | None = None,
) -> str:
    """The page as Markdown.

    Args:
        true: by code, the networks of which a rule says something true: these are no false alarms.
    """
    ordered = sorted(outcomes, key=lambda o: (o.library, o.name))
    return "\n".join((*_lines(ordered, true or {}), *_sizes(comparisons))) + "\n"


def _lines(told: list[Outcome], true: Mapping[str, Known]) -> Iterator[str]:
    outcomes = [_without(o, true) for o in told]
    yield from (
        "# The zoos",
        "",
        "Written by `python -m benchmarks.zoo page`, from what `python -m benchmarks.zoo sweep`",
        f"has found, with torch {torch.__version__.partition('+')[0]}. Good networks: each must be",
        "traced to its end without a single error, and what comes out of every leaf module must",
        "have the shape that it has when torch runs the network: on the meta device where that",
        "works, else on the CPU.",
        "",
        "* **torch runs**: models for which one of these works; the others are listed below.",
        "* **whole**: of these, traced to the end, no error, no shape that differs.",
        "* **noted**: of the whole ones, those with a note: a question that only data could",
        "  answer, or an operator whose output is not known.",
        "* **false errors**: of those that torch runs, models with a finding of severity error",
        "  that is not among the true ones below.",
        "* **leaf calls**: calls of leaf modules whose output shapes were compared with torch's.",
        "* **by formula**: calls of operators that were answered without asking torch.",
        "* **time**: median of building, tracing and judging, over the time of `import torch`.",
        "",
        "| library | models | torch runs | whole | noted | false errors | leaf calls | differ "
        "| operator calls | by formula | time |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    )
    names = list(dict.fromkeys(o.library for o in outcomes))
    for name in names:
        mine = [o for o in outcomes if o.library == name]
        yield _row(f"{name} {libraries.version(name)}".rstrip(), mine)
    yield _row("**all**", outcomes)
    yield from _graphs(outcomes)
    yield from _warnings(told)
    yield from _true(told, true)
    yield from _asked(outcomes)
    yield from _listed(
        "Not whole",
        ((o, _reason(o)) for o in outcomes if o.truth and not o.is_whole),
        "Every model that torch runs is traced whole.",
    )
    yield from _listed(
        "Not run by torch",
        ((o, o.failure or o.torch_error) for o in outcomes if not o.truth),
        "torch runs every model.",
    )
    refused = [o for o in outcomes if _is_refused(o)]
    if refused:
        told = sum(bool(o.errors or o.failure) for o in refused)
        yield from (
            "",
            f"torch raises in {len(refused)} of these; convlint reports {told} as well.",
        )


def _without(outcome: Outcome, true: Mapping[str, Known]) -> Outcome:
    """What was said of a model but for the errors that are true."""
    wrong = {code for code, known in true.items() if known.covers(_key(outcome))}
    kept = [f for f in outcome.found if not (f[1] == "error" and f[0] in wrong)]
    return replace(outcome, found=kept)


def _key(outcome: Outcome) -> str:
    return f"{outcome.library}/{outcome.name}"


def _true(outcomes: list[Outcome], true: Mapping[str, Known]) -> Iterator[str]:
    rows = []
    for code, known in sorted(true.items()):
        mine = [o for o in outcomes if o.truth and any(f[0] == code for f in o.errors)]
        hits = [_key(o) for o in mine if known.covers(_key(o))]
        if hits:
            rows.append(f"| {code} | {', '.join(hits)} | {known.why} |")
    if rows:
        yield from ("", "## True errors", "", "Faults of these networks, which torch runs.", "")
        yield from ("| rule | models | what is wrong |", "|---|---|---|", *rows)


def _is_refused(outcome: Outcome) -> bool:
    """Whether torch raises, be it in the constructor: not where only the run without data fails."""
    without_data = outcome.torch_error.startswith(_WITHOUT_DATA)
    in_forward = bool(outcome.torch_error) and not without_data
    return in_forward or outcome.failure.startswith("construction: ")


def _row(title: str, mine: list[Outcome]) -> str:
    runs = [o for o in mine if o.truth]
    whole = [o for o in runs if o.is_whole]
    calls = sum(o.calls for o in mine)
    asked = sum(sum(o.asked.values()) for o in mine)
    times = [o.seconds / o.import_seconds for o in mine if not o.failure and o.import_seconds]
    return "| " + " | ".join((
        title, str(len(mine)), str(len(runs)),
        f"{len(whole)} ({_percent(len(whole), len(runs))})",
        str(sum(o.is_noted for o in whole)),
        str(sum(bool(o.errors) for o in runs)),
        f"{sum(o.compared for o in mine):,}",
        str(sum(bool(o.differences) for o in mine)),
        f"{calls:,}", _percent(calls - asked, calls),
        f"{statistics.median(times):.2f}" if times else "",
    )) + " |"  # fmt: skip


def _graphs(outcomes: list[Outcome]) -> Iterator[str]:
    run = [o for o in outcomes if o.graph is not None]
    if run:
        yield ""
        yield (
            f"{len(run)} of them were also run on real data as the recorded graph: "
            f"{sum(o.graph is True for o in run)} give the model's own output."
        )


def _warnings(outcomes: list[Outcome]) -> Iterator[str]:
    models: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for outcome in outcomes:
        for code, severity in dict.fromkeys((f[0], f[1]) for f in outcome.found):
            models[code, severity].append(_key(outcome))
    yield from ("", "## Findings by rule", "")
    yield from ("| rule | severity | models | among them |", "|---|---|---:|---|")
    for (code, severity), found in sorted(models.items()):
        yield f"| {code} | {severity} | {len(found)} | {', '.join(found[:3])} |"


def _asked(outcomes: list[Outcome]) -> Iterator[str]:
    counts: collections.Counter[str] = collections.Counter()
    for outcome in outcomes:
        counts.update(outcome.asked)
    yield from ("", "## Operators without a shape function", "")
    if not counts:
        yield "None: torch was never asked."
        return
    yield from ("| operator | calls |", "|---|---:|")
    yield from (f"| `{name}` | {count} |" for name, count in counts.most_common(_SHOWN))


def _listed(title: str, rows: Iterator[tuple[Outcome, str]], empty: str) -> Iterator[str]:
    found = list(rows)
    yield from ("", f"## {title}", "")
    if not found:
        yield empty
        return
    yield from ("| model | reason |", "|---|---|")
    for outcome, reason in found:
        text = " ".join(reason.split()).replace("|", "\\|")[:160]
        yield f"| {_key(outcome)} | {text} |"


def _reason(outcome: Outcome) -> str:
    for reason in (outcome.failure, *outcome.differences):
        if reason:
            return reason
    lost = [f for f in outcome.found if f[1] == "error" or f[0] in ("CL002", "CL003", "CL190")]
    return " ".join(lost[0][:1] + lost[0][3:]) if lost else ""


def _sizes(comparisons: Sequence[Comparison]) -> Iterator[str]:
    compared = [c for c in comparisons if not c.skipped]
    if not compared:
        return
    models = {(c.library, c.name) for c in compared}
    yield from (
        "",
        "## At other sizes",
        "",
        f"{len(models)} convolutional models at sizes that they were not made for, written by",
        "`python -m benchmarks.zoo sizes`. convlint and torch agree where both are silent, or",
        "where torch raises in the module that convlint's first error names.",
        "",
        "| input | models | torch raises | convlint and torch agree |",
        "|---|---:|---:|---:|",
    )
    for size in dict.fromkeys(c.size for c in compared):
        mine = [c for c in compared if c.size == size]
        agreed = sum(not c.disagreement for c in mine)
        yield f"| {size} | {len(mine)} | {sum(bool(c.raised) for c in mine)} | {agreed} |"
    for c in compared:
        if c.disagreement:
            yield f"\n* {c.library}/{c.name}, {c.size}: {c.disagreement[:300]}"


def _percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % says all."""
    return f"{int(1000 * part / whole) / 10:.1f} %" if whole else ""
