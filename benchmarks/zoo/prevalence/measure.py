"""What all rules, also those that are off, say of one network."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import convlint
from benchmarks.zoo import results
from benchmarks.zoo.model import Call, Model
from benchmarks.zoo.prevalence import population
from convlint.diagnostic import Diagnostic, Severity
from convlint.judge import BATCH, FAILED
from convlint.rule import rules
from convlint.spec import InputSpec
from convlint.tensor import TensorSpec
from convlint.trace import ConstructionError, build


@dataclass(frozen=True)
class Judged:
    """One network, as it is kept in a line of JSON.

    `asked` are the codes of the rules that were asked.  `found` has, for each rule that spoke and
    each severity, [code, severity, how often, module path, message] of its first finding.
    """

    library: str
    name: str
    asked: list[str] = field(default_factory=list)
    found: list[list[Any]] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    """What the rules raised that failed themselves, by code."""
    skipped: str = ""
    """Why it is none of the networks that are counted."""
    failure: str = ""
    """Why there is nothing to judge."""
    lost: bool = False
    """Whether the process failed (too slow, too large, a crash): it may go well another time."""
    seconds: float = 0.0

    @property
    def key(self) -> str:
        """Its name among all libraries."""
        return f"{self.library}/{self.name}"

    @property
    def is_counted(self) -> bool:
        """Whether the rules have seen it."""
        return not (self.skipped or self.failure)

    def severity(self, code: str) -> Severity | None:
        """The highest severity with which a rule has spoken; None where it was silent."""
        found = (Severity(row[1]) for row in self.found if row[0] == code)
        return max(found, key=lambda severity: severity.rank, default=None)


@dataclass(frozen=True)
class Judgement:
    """The task of judging one network."""

    model: Model

    def run(self) -> Judged:
        """Build, trace and judge it; torch runs nothing."""
        os.environ.pop("CONVLINT_STRICT", None)  # a rule that fails is a line of the answer
        return judged(self.model)

    def lost(self, reason: str) -> Judged:
        """It could not be judged."""
        return Judged(self.model.library, self.model.name, failure=reason, lost=True)


def measurable() -> list[str]:
    """The codes of the rules that are about networks: not those about files and arguments."""
    return [r.code for r in rules() if not any(_is_stage(name) for name in r.operators)]


def _is_stage(name: str) -> bool:
    return name.startswith("<") and name != BATCH


def judged(model: Model) -> Judged:
    """Everything that all rules say of a network."""
    start = time.perf_counter()
    outcome = Judged(model.library, model.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module = build(model.make)
        except ConstructionError as exc:
            return replace(outcome, failure=f"construction: {exc}"[:400])
        if why := population.reason_against(model.library, module):
            return replace(outcome, skipped=why)
        report = convlint.check(module, _inputs(model.call(module)), select=["ALL"])
    told = report.diagnostics
    if report.network is None:
        return replace(outcome, failure=str(report)[:400])
    if why := population.reason_against_layers(report.network):
        return replace(outcome, skipped=why)
    broken = {d.code: d.message for d in told if d.message.startswith(FAILED)}
    return replace(
        outcome,
        asked=measurable(),
        found=_rows(d for d in told if not d.message.startswith(FAILED)),
        broken=broken,
        seconds=round(time.perf_counter() - start, 3),
    )


def _inputs(call: Call) -> list[InputSpec]:
    named = [(None, value) for value in call.args] + list(call.kwargs.items())
    return [_input(name, value) for name, value in named]


def _input(name: str | None, value: Any) -> InputSpec:
    if not isinstance(value, TensorSpec):
        return InputSpec(name, None, value=value)
    return InputSpec(name, value.shape, str(value.dtype).removeprefix("torch."))


def _rows(told: Iterable[Diagnostic]) -> list[list[Any]]:
    rows: dict[tuple[str, str], list[Any]] = {}
    for found in told:
        key = (found.code, found.severity.value)
        row = rows.setdefault(key, [*key, 0, found.layer, found.message[:300]])
        row[2] += 1
    return [rows[key] for key in sorted(rows)]


def read(file: Path) -> dict[str, Judged]:
    """The networks in a file; of several lines about one, the last counts."""
    return {outcome.key: outcome for outcome in results.read(file, Judged)}


def done(known: dict[str, Judged]) -> set[str]:
    """Of the networks that have a line, those that today's rules need not be shown again."""
    codes = set(measurable())
    final = (o for o in known.values() if not o.lost)
    return {o.key for o in final if not o.is_counted or codes <= set(o.asked)}


def forget(file: Path, chosen: Collection[str], hit: Collection[str] = ()) -> set[str]:
    """Take out of a file what is to be judged again, and return the names of these networks.

    What is not convolutional stays: that does not change with the rules.

    Args:
        chosen: the libraries whose networks they are.
        hit: only the networks of which one of these rules has spoken (or failed); empty for all.
    """

    def stays(outcome: Judged) -> bool:
        if outcome.library not in chosen:
            return True
        if hit:
            return not any(outcome.severity(code) or code in outcome.broken for code in hit)
        return bool(outcome.skipped)

    known = read(file)
    kept = {key: outcome for key, outcome in known.items() if stays(outcome)}
    fresh = file.with_name(file.name + ".new")
    fresh.write_text("".join(map(results.line, kept.values())), encoding="utf-8")
    fresh.replace(file)
    return known.keys() - kept.keys()
