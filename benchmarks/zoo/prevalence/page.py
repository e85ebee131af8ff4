"""docs/prevalence.md: how often every rule speaks of published networks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.zoo.prevalence.measure import Judged
from benchmarks.zoo.prevalence.tally import Known, counted, measured, naive
from convlint.prevalence import percent
from convlint.rule import Rule, rules

_SHOWN = 3
_LARGEST = "timm"
_HEAD = """
Written by `python -m benchmarks.zoo prevalence-page`, from what `python -m benchmarks.zoo
prevalence` has found, with torch {torch}.

{networks} published convolutional networks without attention ({versions}), each architecture once,
at the size it is made for, in evaluation mode, with batch 2, judged by all rules, also those that
are off by default. These networks are good: what a rule that is on by default calls an error or a
warning there is either a false alarm or listed below as a true finding. A network counts once for a
rule, however often the rule speaks of it. `cifar` are networks for small images, written from their
papers (`benchmarks/zoo/libraries/cifar`).

**naive 32**: of {naive} networks for ImageNet that are run unchanged on images of 32×32 pixels, the
commonest mistake of all, how many the rule speaks of.
"""


def page(outcomes: Sequence[Judged], found: Mapping[str, Any], true: Mapping[str, Known]) -> str:
    """The page as Markdown.

    Args:
        found: what `tally.data` has counted.
        true: the table of true findings.
    """
    ordered = sorted(outcomes, key=lambda o: (o.library, o.name))
    parts = (_head(found), _table(ordered, found), _true(ordered, true), _failures(ordered))
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(found: Mapping[str, Any]) -> Iterator[str]:
    versions = ", ".join(
        " ".join(filter(None, (str(entry["networks"]), "of", name, entry["version"])))
        for name, entry in found["libraries"].items()
    )
    yield from ("# How often each rule speaks", "")
    for text in _HEAD.format(versions=versions, **found).split("\n\n"):
        yield from (*textwrap.wrap(" ".join(text.split()), 100, break_on_hyphens=False), "")


def _table(outcomes: list[Judged], found: Mapping[str, Any]) -> Iterator[str]:
    good, wrong = counted(outcomes), naive(outcomes)
    known = set(measured([*good, *wrong]))
    yield "| code | rule | severity | default | timm | all | networks | naive 32 | among them |"
    yield "|---|---|---|---|---:|---:|---:|---:|---|"
    for rule in rules():
        cells = (
            _cells(rule, good, wrong) if rule.code in known else ("", "", "not measured", "", "")
        )
        yield "| " + " | ".join((*_about(rule), *cells)) + " |"


def _about(rule: Rule) -> tuple[str, ...]:
    return rule.code, rule.name, rule.severity.value, "on" if rule.default else "off"


def _cells(rule: Rule, good: list[Judged], wrong: list[Judged]) -> tuple[str, ...]:
    hits = [o for o in good if o.severity(rule.code)]
    largest = [o for o in good if o.library == _LARGEST]
    return (
        percent(sum(o.library == _LARGEST for o in hits), len(largest)),
        percent(len(hits), len(good)),
        _count(rule, hits),
        str(sum(o.severity(rule.code) is not None for o in wrong)),
        ", ".join(o.key for o in _spread(hits)),
    )


def _count(rule: Rule, hits: list[Judged]) -> str:
    """How many networks, and how many of them at a severity that is not the rule's own."""
    other: dict[str, int] = {}
    for outcome in hits:
        severity = outcome.severity(rule.code)
        if severity is not None and severity is not rule.severity:
            other[severity.value] = other.get(severity.value, 0) + 1
    notes = ", ".join(f"{count} as {severity}" for severity, count in other.items())
    return f"{len(hits)} ({notes})" if notes else str(len(hits))


def _spread(hits: list[Judged]) -> list[Judged]:
    """A few of the networks, from several libraries where there are several."""
    first = list({o.library: o for o in reversed(hits)}.values())[::-1]
    rest = [o for o in hits if o not in first]
    return [*first, *rest][:_SHOWN]


def _true(outcomes: list[Judged], true: Mapping[str, Known]) -> Iterator[str]:
    if not true:
        return
    yield from ("", "## True findings", "", "| rule | networks | what is wrong |", "|---|---|---|")
    for code, known in true.items():
        hits = [o.key for o in counted(outcomes) if o.severity(code) and known.covers(o.key)]
        if hits:
            yield f"| {code} | {', '.join(hits)} | {known.why} |"


def _failures(outcomes: list[Judged]) -> Iterator[str]:
    failed = [(o.key, o.failure) for o in outcomes if o.failure]
    if failed:
        yield from ("", "## Not judged", "", "| network | reason |", "|---|---|")
        yield from (f"| {key} | {_cell(reason)} |" for key, reason in failed)
    broken = [(o.key, code, why) for o in outcomes for code, why in o.broken.items()]
    if broken:
        yield from ("", "## Rules that failed", "", "| network | rule | reason |", "|---|---|---|")
        yield from (f"| {key} | {code} | {_cell(why)} |" for key, code, why in broken)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:160]
