"""Show a network to the rules and make diagnostics of what they say."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from convlint.advice.batch import Batch, batch_of
from convlint.advice.giving import givers
from convlint.diagnostic import CALLED, MADE, Diagnostic, Label, Location, Severity
from convlint.network import Layer, Network
from convlint.rule import Finding, Rule, rules
from convlint.tensor import TensorSpec

BATCH: Final = "<batch>"
"""The stage of rules that are asked about other batches, and get what fails with each."""

NARROWED: Final = "<sizes>"
"""The stage of rules that are asked where a network does not work for all sizes that it must."""

FAILED: Final = "this rule itself failed"
"""How the finding begins that stands for a rule that raised."""

RAISES: Final = "CL190"
"""The rule that tells of exceptions in the user's own code."""


def judge(network: Network, codes: Collection[str] | None = None) -> Iterator[Diagnostic]:
    """Everything the rules find, each fault once.

    Args:
        codes: the rules to ask; None for those that are on by default.
    """
    asked = _asked_for(codes)
    told = []
    for found in _folded(found for _, found in _findings(network, asked)):
        told.append(found)
        yield found
    at_batches = [rule for rule in asked if BATCH in rule.operators]
    batch = network.analysis(batch_of) if at_batches else None
    if batch is not None:
        elsewhere = _Elsewhere(batch, told)
        for rule in at_batches:
            found_there = _asked(rule, batch, elsewhere)
            yield from _folded(_diagnostic(rule, finding, None) for finding in found_there)


class _Elsewhere(Mapping[int, tuple[Diagnostic, ...]]):
    """What torch raises at other batches, and not at the declared one: looked for when asked.

    Its keys are the sizes that the batch was told from; it answers for any.
    """

    def __init__(self, batch: Batch, told: Iterable[Diagnostic]) -> None:
        self._batch = batch
        errors = [found for found in told if found.severity is Severity.ERROR]
        self._known = {place for found in errors for place in _at(found)}
        self._found: dict[int, tuple[Diagnostic, ...]] = {}

    def __getitem__(self, size: int) -> tuple[Diagnostic, ...]:
        if size not in self._found:
            network = replace(self._batch.at(size), again=None)
            sure = [r for r in rules() if r.operators and r.default and _raises(r)]
            self._found[size] = tuple(
                found
                for found in _folded(one for _, one in _findings(network, sure))
                if found.severity is Severity.ERROR and self._known.isdisjoint(_at(found))
            )
        return self._found[size]

    def __iter__(self) -> Iterator[int]:
        return iter(self._batch.others)

    def __len__(self) -> int:
        return len(self._batch.others)


def _at(found: Diagnostic) -> Iterator[Location | None]:
    yield found.location
    yield from (label.location for label in found.related)


def located(
    network: Network, codes: Collection[str] | None = None
) -> Iterator[tuple[Layer | None, Diagnostic]]:
    """What the rules find that look at one layer, or at what `forward` raises, with the layer."""
    asked = [r for r in _asked_for(codes) if r.operators or r.code == RAISES]
    yield from _findings(network, asked)


def _asked_for(codes: Collection[str] | None) -> list[Rule]:
    return [r for r in rules() if (r.default if codes is None else r.code in codes)]


def _findings(network: Network, asked: list[Rule]) -> Iterator[tuple[Layer | None, Diagnostic]]:
    by_operator: dict[str, list[Rule]] = {}
    for rule in asked:
        for name in rule.operators:
            by_operator.setdefault(name, []).append(rule)
    everywhere = by_operator.get("*", [])
    for layer in network.layers:
        explained = False
        for rule in by_operator.get(layer.op, ()):
            for finding in _asked(rule, layer, network):
                explained = explained or _raises(rule)
                yield layer, _diagnostic(rule, finding, layer)
        if not explained:
            for rule in everywhere:
                for finding in _asked(rule, layer, network):
                    yield layer, _diagnostic(rule, finding, layer)
    for rule in asked:
        if not rule.operators:
            for finding in _asked(rule, network):
                yield finding.layer, _diagnostic(rule, finding, finding.layer)


def _asked(rule: Rule, *subject: Any) -> Iterator[Finding]:
    """What a rule says; that it failed, where it does: the others are asked all the same."""
    try:
        yield from rule.check(*subject)
    except Exception as exc:
        if os.environ.get("CONVLINT_STRICT"):
            raise
        yield Finding(
            f"{FAILED}: {type(exc).__name__}: {exc}",
            severity=Severity.WARNING,
            help=("please report this, with the network",),
        )


def _folded(findings: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """One finding for what is said several times of layers that were made in one place."""
    first: dict[object, Diagnostic] = {}
    others: dict[object, list[str]] = {}
    for found in findings:
        anonymous = found.message.replace(f"`{found.layer}`", "") if found.layer else found.message
        key: object = (found.code, found.location, anonymous, found.formula)
        if key not in first:
            first[key] = found
        elif found.layer != first[key].layer and found.layer not in others.get(key, ()):
            others.setdefault(key, []).append(found.layer)
    for key, found in first.items():
        same = others.get(key)
        if same:
            names = ", ".join(f"`{name}`" for name in same[:4]) + (", ..." if same[4:] else "")
            found = replace(found, note=(*found.note, f"the same holds for {names}"))
        yield found


def _raises(rule: Rule) -> bool:
    """Whether a rule reports what torch raises."""
    return rule.severity is Severity.ERROR and not rule.silent


class Refusals:
    """What torch raises of one call: the rules for it, looked up once for many calls."""

    def __init__(self) -> None:
        self._rules: dict[str, list[Rule]] = {}
        for rule in rules():
            if rule.default and _raises(rule):
                for name in rule.operators:
                    self._rules.setdefault(name, []).append(rule)

    def of(self, layer: Layer) -> tuple[Diagnostic | None, frozenset[str]]:
        """The first error, if there is one; and why it is not certain that there is none."""
        network = Network((layer,))
        doubts = set()
        for rule in (*self._rules.get(layer.op, ()), *self._rules.get("*", ())):
            for finding in _asked(rule, layer, network):
                if finding.severity is None or finding.severity is Severity.ERROR:
                    found = _diagnostic(rule, finding, layer)
                    if found.severity is Severity.ERROR:
                        return found, frozenset()
                    doubts.add(f"`{layer.title}` stands in a `try`, which may be meant for it")
                elif finding.message.startswith(FAILED):
                    doubts.add(f"{rule.name}: {finding.message}")
        return None, frozenset(doubts)


def refused(layer: Layer) -> bool:
    """Whether a rule says of one call that torch raises there."""
    network = Network((layer,))
    return any(
        any(finding.severity is None for finding in _asked(rule, layer, network))
        for rule in rules()
        if layer.op in rule.operators and _raises(rule)
    )


def fault(stage: str, *subject: Any) -> Iterator[Diagnostic]:
    """What the rule for `stage` (`<import>`, `<construct>`, `<inputs>`) says of an error, those
    for comments (`<unused>`, `<unknown>`) of one, and those for `<sizes>` of what was lost."""
    for rule in rules():
        if stage in rule.operators:
            for finding in rule.check(*subject):
                yield _diagnostic(rule, finding, None)


def _diagnostic(rule: Rule, finding: Finding, layer: Layer | None) -> Diagnostic:
    layer = finding.layer or layer
    related = list(finding.related)
    location = finding.at
    if layer is not None:
        location = location or layer.definition or layer.call
        given = givers(layer.definition_frames) if finding.at is None else ()
        for place, label in (*_places(layer), *given):
            known = {location, *(r.location for r in related)}
            if place not in known:
                related.append(Label(label, place))
    severity, note = finding.severity or rule.severity, finding.note
    if severity is Severity.ERROR and layer and any(frame.caught for frame in layer.frames):
        severity = Severity.INFO
        note = (
            *note,
            "it stands in a `try`, which may be meant for it; its `except` was not followed",
        )
    return Diagnostic(
        rule.code,
        rule.name,
        severity,
        finding.message,
        location,
        finding.label,
        tuple(related),
        finding.formula,
        finding.help,
        note,
        layer=layer.path if layer else "",
        input_shapes=tuple(str(t) for t in _inputs(layer)) if layer else (),
        output_shape=", ".join(str(t) for t in layer.outputs) or None if layer else None,
    )


def _places(layer: Layer) -> Iterator[tuple[Location, str]]:
    if layer.call is not None:
        shapes = ", ".join(str(t) for t in _inputs(layer))
        yield layer.call, f"{CALLED} with {shapes}" if shapes else CALLED
    if layer.definition is not None:
        yield layer.definition, MADE


def _inputs(layer: Layer) -> Iterator[TensorSpec]:
    """The tensors that flow in: not a leaf module's own parameters."""
    for tensor in layer.tensors:
        if layer.module is None or tensor.source is not None:
            yield tensor
