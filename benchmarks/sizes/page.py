"""docs/sizes-proof.md: what came of the comparison of a sweep with torch, size by size."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator, Sequence

import torch

from benchmarks.sizes.comparison import FURTHER, FURTHEST, LARGEST, PAIRS
from benchmarks.sizes.proof import Proof
from benchmarks.zoo import libraries

_SHOWN = 12


def _more(asked: Sequence[Proof]) -> str:
    second = sum(one.family.endswith(", second") for one in asked)
    return f", and of {second} the second smallest as well" if second else ""


def page(proofs: Sequence[Proof]) -> str:
    """The page as Markdown."""
    ordered = sorted(proofs, key=lambda one: one.key)
    return "\n".join(_lines(ordered)) + "\n"


def _lines(proofs: list[Proof]) -> Iterator[str]:
    asked = [one for one in proofs if not (one.skipped or one.failure or one.is_doubted)]
    yield from (
        "# Are the sizes right?",
        "",
        "Written by `python -m benchmarks.sizes page`, from what `python -m benchmarks.sizes zoo`",
        f"has found, with torch {torch.__version__.partition('+')[0]}. Of every family of networks"
        " the smallest one that takes",
        f"an image{_more(asked)}: the answer of `convlint sizes` for H and W in 1..{LARGEST}, and"
        " torch's own forward on",
        f"the meta device, for every H = W in 1..{LARGEST}, for {PAIRS} random pairs, and where the"
        " answer claims",
        f"to be proven, for {FURTHER} pairs beyond, up to {FURTHEST}. Where these two disagree, and"
        " where the meta device",
        "cannot run a network, torch is asked on the CPU.",
        "",
        "* **work**: sizes for which torch raises nothing.",
        "* **agree**: sizes for which convlint and torch say the same.",
        "* **settled**: of these, sizes for which the meta device says otherwise than the CPU.",
        "* **proven**: networks whose answer claims to hold for all sizes; then what agrees.",
        "",
        "| library | networks | sizes | work | agree | settled | proven | their sizes | agree |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    )
    for name in dict.fromkeys(one.library for one in asked):
        mine = [one for one in asked if one.library == name]
        yield _row(f"{name} {libraries.version(name)}".rstrip(), mine)
    yield _row("**all**", asked)
    yield from ("", "## Why an answer is not proven", "")
    yield from _reasons(asked)
    yield from _listed(
        "Disagreements",
        [
            (one, f"{one.wrong} of {one.asked} sizes; {sizes}: {said}")
            for one in asked if one.wrong for sizes, said in one.shown[:1]
        ],
    )  # fmt: skip
    yield from _listed(
        "Nothing claimed",
        [(one, "; ".join(one.reasons)) for one in proofs if one.is_doubted],
    )
    yield from _listed("Not compared", [(one, one.failure) for one in proofs if one.failure])
    skipped = collections.Counter(one.skipped.partition(":")[0] for one in proofs if one.skipped)
    if skipped:
        told = "; ".join(f"{count}, {reason}" for reason, count in skipped.most_common())
        yield from ("", f"Families that are left out: {told}.")


def _row(title: str, proofs: Sequence[Proof]) -> str:
    proven = [one for one in proofs if one.proven]
    cells = (
        f"{len(proofs):,}",
        f"{sum(one.asked for one in proofs):,}",
        f"{sum(one.working for one in proofs):,}",
        _share(proofs),
        f"{sum(one.settled for one in proofs):,}",
        f"{len(proven):,}",
        f"{sum(one.asked for one in proven):,}",
        _share(proven),
    )
    return f"| {title} | {' | '.join(cells)} |"


def _share(proofs: Sequence[Proof]) -> str:
    asked, wrong = sum(one.asked for one in proofs), sum(one.wrong for one in proofs)
    if not asked:
        return "—"
    return "100 %" if not wrong else f"{100 * (asked - wrong) / asked:.2f} %"


def _reasons(proofs: Sequence[Proof]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for one in proofs:
        for reason in dict.fromkeys(map(_kind, one.reasons)):
            found.setdefault(reason, []).append(f"{one.library}/{one.name}")
    if not found:
        yield "Every answer is."
    for reason, names in sorted(found.items(), key=lambda item: -len(item[1])):
        more = f", ... ({len(names)} in all)" if len(names) > _SHOWN else ""
        yield f"* {reason}: {', '.join(names[:_SHOWN])}{more}"


def _kind(reason: str) -> str:
    """A reason without the names in it."""
    return re.sub(r"`[^`]*`", "`…`", re.sub(r" at line \d+", "", reason))


def _listed(title: str, found: Sequence[tuple[Proof, str]]) -> Iterator[str]:
    if found:
        yield from ("", f"## {title}", "")
        for one, text in found:
            yield f"* {one.library}/{one.name or one.family}: {' '.join(text.split())}"
