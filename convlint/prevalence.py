"""How often each rule speaks of published networks, as `convlint rule` says it.

`prevalence.json` lies beside this file and is written by `python -m benchmarks.zoo
prevalence-page`.  Nothing but the pages of the rules reads it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("prevalence.json")
SEVERITIES: Final = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Prevalence:
    """Of how many networks a rule speaks, and of how many that it was shown."""

    networks: int
    measured: int
    libraries: Mapping[str, int] = field(default_factory=dict)
    """The networks it speaks of, by library, where there are any."""
    severities: Mapping[str, int] = field(default_factory=dict)
    """The same by the highest severity with which it speaks of one."""
    true: Mapping[str, int] = field(default_factory=dict)
    """Those of them that are known to be at fault, by severity."""
    why: str = ""
    """What is at fault with these."""
    naive: int = 0
    """Of how many networks for ImageNet it speaks that are run on 32×32 pixels."""
    naive_measured: int = 0

    @property
    def share(self) -> str:
        """In percent."""
        return percent(self.networks, self.measured)

    def __str__(self) -> str:
        share = self.share if self.networks else "none"
        text = f"fires on {share} of {self.measured} published networks"
        if self.libraries:
            counts = ", ".join(f"{name} {count}" for name, count in self.libraries.items())
            text += f" ({counts})"
        if self.naive:
            text += (
                f", and on {self.naive} of {self.naive_measured} ImageNet networks that are run "
                "on 32×32 images"
            )
        return text


def prevalence(code: str) -> Prevalence | None:
    """What was measured of a rule; None where nothing was."""
    data = _data()
    entry = data.get("rules", {}).get(code)
    if entry is None or not data["networks"]:
        return None
    severities = {name: sum(entry[name].values()) for name in SEVERITIES if name in entry}
    libraries = {
        library: count
        for library in data["libraries"]
        if (count := sum(entry.get(name, {}).get(library, 0) for name in SEVERITIES))
    }
    true = dict(entry.get("true", {}))
    return Prevalence(
        sum(severities.values()),
        data["networks"],
        libraries,
        severities,
        why=true.pop("why", ""),
        true=true,
        naive=entry.get("naive", 0),
        naive_measured=data["naive"],
    )


def codes() -> tuple[str, ...]:
    """The rules that were measured."""
    return tuple(_data().get("rules", ()))


def percent(part: int, whole: int) -> str:
    """Rounded, but never to 0 where there is something, nor to all where something is left."""
    if not whole:
        return ""
    if not part:
        return "0 %"
    share = round(100 * part / whole, 1)
    if share < 0.1:
        return "< 0.1 %"
    if part < whole and share > 99.9:
        return "> 99.9 %"
    return f"{share:.1f} %"


@functools.cache
def _data() -> dict[str, Any]:
    try:
        found = json.loads(FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
