"""Counts how many networks each rule speaks of: the data that ships with convlint."""

from __future__ import annotations

import collections
import fnmatch
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.zoo import libraries
from benchmarks.zoo.prevalence.measure import Judged
from benchmarks.zoo.prevalence.population import NAIVE
from convlint.diagnostic import Severity

_TRUE = Path(__file__).with_name("true_findings.toml")


@dataclass(frozen=True)
class Known:
    """Networks of which a rule says something true: patterns of their names, and what it is."""

    networks: Sequence[str]
    why: str

    def covers(self, key: str) -> bool:
        """Whether the network of this name is among them."""
        return any(fnmatch.fnmatchcase(key, pattern) for pattern in self.networks)


def true_findings(path: Path = _TRUE) -> dict[str, Known]:
    """The table of true findings, by code."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {code: Known(entry["networks"], entry["why"]) for code, entry in table.items()}


def counted(outcomes: Iterable[Judged]) -> list[Judged]:
    """The published networks among them that were judged, in order."""
    found = (o for o in outcomes if o.is_counted and o.library != NAIVE)
    return sorted(found, key=lambda o: (o.library, o.name))


def naive(outcomes: Iterable[Judged]) -> list[Judged]:
    """The networks that were run on images they are not made for."""
    found = (o for o in outcomes if o.is_counted and o.library == NAIVE)
    return sorted(found, key=lambda o: o.name)


def measured(outcomes: Sequence[Judged]) -> list[str]:
    """The rules that all networks were shown to; the prevalence of others is not known yet."""
    asked = [set(o.asked) for o in outcomes]
    return sorted(set.intersection(*asked)) if asked else []


def data(
    outcomes: Sequence[Judged], versions: Mapping[str, str], true: Mapping[str, Known]
) -> dict[str, Any]:
    """The prevalence of every rule.

    A network counts once for a rule, at the highest severity with which the rule spoke of it.
    """
    good, wrong = counted(outcomes), naive(outcomes)
    networks = collections.Counter(o.library for o in good)
    return {
        "torch": torch.__version__.partition("+")[0],
        "networks": len(good),
        "naive": len(wrong),
        "libraries": {
            name: {"version": versions[name], "networks": count} for name, count in networks.items()
        },
        "rules": {
            code: dict(_entry(code, good, wrong, true.get(code)))
            for code in measured([*good, *wrong])
        },
    }


def _entry(
    code: str, good: list[Judged], wrong: list[Judged], true: Known | None
) -> Iterator[tuple[str, Any]]:
    for severity in sorted(Severity, key=lambda s: -s.rank):
        hits = [o for o in good if o.severity(code) is severity]
        if hits:
            yield severity.value, dict(collections.Counter(o.library for o in hits))
    if some := sum(o.severity(code) is not None for o in wrong):
        yield "naive", some
    if true is not None:
        hits = [o for o in good if o.severity(code) and true.covers(o.key)]
        levels = collections.Counter(str(o.severity(code)) for o in hits)
        if hits:
            yield "true", {"why": true.why, **levels}


def versions(names: Iterable[str]) -> dict[str, str]:
    """The versions of the libraries as they are installed here."""
    return {name: libraries.version(name) for name in names}


def text(found: Mapping[str, Any]) -> str:
    """The data as JSON with a line for each library and rule, so that changes can be read."""
    parts = []
    for name, value in found.items():
        if isinstance(value, dict):
            lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            parts.append(f" {json.dumps(name)}: {{\n{lines}\n }}")
        else:
            parts.append(f" {json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
