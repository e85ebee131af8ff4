"""The findings that were there before: counted in a file, and hidden as often as they were counted.

They are counted by target, layer and rule, never by line, so that code may move.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from convlint import atomic
from convlint.diagnostic import Diagnostic
from convlint.job import Result, must_stand
from convlint.quote import quote
from convlint.rule import rules
from convlint.selection import Selection
from convlint.target import TargetError, parse

FILE: Final = ".convlint-baseline.json"
_VERSION: Final = 1


class BaselineError(ValueError):
    """A baseline that cannot be read or written; the message is one line."""


class Absent(BaselineError):
    """There is none yet."""


class Entry(NamedTuple):
    """What is counted.  A target's file is told from the folder of the baseline."""

    target: str
    layer: str
    rule: str


Counts: TypeAlias = Mapping[Entry, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The results without what is known; how many findings are, and how many entries are stale."""

    results: tuple[Result, ...]
    known: int
    stale: int

    @property
    def told(self) -> Iterator[str]:
        """What to say beside the report."""
        if self.known:
            which = "finding is" if self.known == 1 else "findings are"
            yield f"{self.known} {which} hidden by the baseline"
        if self.stale:
            which = "entry of the baseline is" if self.stale == 1 else "entries of the baseline are"
            yield f"{self.stale} {which} stale: run convlint baseline"


def counted(results: Iterable[Result], folder: Path) -> Counter[Entry]:
    """How often each rule speaks of each layer; what says that something was not checked is no
    finding to get used to."""
    return Counter(
        _entry(found, name)
        for result in results
        for name in [named(result.target, folder)]
        for found in result.diagnostics
        if not must_stand(found)
    )


def compared(
    results: Sequence[Result], counts: Counts, folder: Path, off: Collection[str] = ()
) -> Comparison:
    """What is new.  An entry that counts more than there is is stale.

    Args:
        off: the rules that were not asked: nothing is known of their entries.
    """
    left = Counter(counts)
    new = []
    for result in results:
        name, kept = named(result.target, folder), []
        for found in result.diagnostics:
            entry = _entry(found, name)
            if left[entry] > 0 and not must_stand(found):
                left[entry] -= 1
            else:
                kept.append(found)
        new.append(replace(result, diagnostics=tuple(kept)))
    known = sum(counts.values()) - sum(left.values())
    checked = _checked(results, folder)
    stale = [e for e, n in left.items() if n > 0 and e.target in checked and e.rule not in off]
    return Comparison(tuple(new), known, len(stale))


def renewed(
    results: Sequence[Result], counts: Counts, folder: Path, off: Collection[str] = ()
) -> dict[Entry, int]:
    """The counts of now, and the old ones of targets and rules that this run has not seen."""
    checked = _checked(results, folder)
    old = {e: n for e, n in counts.items() if e.target not in checked or e.rule in off}
    now = counted((r for r in results if named(r.target, folder) in checked), folder)
    return {**old, **now}


def named(target: str, folder: Path) -> str:
    """A target's name that is the same wherever it is checked from."""
    try:
        parsed = parse(target)
        if not parsed.is_file:
            return target
        file = os.path.abspath(os.path.expanduser(parsed.source))
        source = os.path.relpath(file, folder.absolute())
    except (TargetError, OSError, ValueError):  # another drive has no relative path
        return target
    return replace(parsed, source=source.replace(os.sep, "/")).display


def _entry(found: Diagnostic, target: str) -> Entry:
    return Entry(target, found.layer, found.code)


def _checked(results: Iterable[Result], folder: Path) -> frozenset[str]:
    """The targets that were checked to their end."""
    names: tuple[set[str], set[str]] = set(), set()
    for result in results:
        names[result.unchecked].add(named(result.target, folder))
    return frozenset(names[False] - names[True])


def unasked(selection: Selection) -> frozenset[str]:
    """The rules that are off."""
    known = rules()
    return frozenset(rule.code for rule in known) - selection.codes(known)


def renew(path: Path, results: Sequence[Result], old: Counts, off: Collection[str]) -> int:
    """Write the counts of now, and answer how many findings they hold."""
    counts = renewed(results, old, path.parent, off)
    write(path, counts)
    return sum(counts.values())


def read(path: Path) -> dict[Entry, int]:
    """The counts in a file.

    Raises:
        BaselineError: it cannot be read, or is no baseline.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Absent(
            f"there is no baseline {quote(str(path))}; convlint baseline writes one"
        ) from None
    except OSError as error:
        reason = error.strerror or error
        raise BaselineError(f"cannot read the baseline {quote(str(path))}: {reason}") from None
    except (ValueError, RecursionError):
        raise BaselineError(f"the baseline {quote(str(path))} is not JSON") from None
    if not isinstance(data, dict) or not {"version", "targets"} <= data.keys():
        raise BaselineError(f"{quote(str(path))} is no baseline of convlint")
    if data["version"] != _VERSION:
        version = quote(str(data["version"]))
        raise BaselineError(
            f"the baseline {quote(str(path))} has the version {version}, and this convlint "
            f"reads {_VERSION}"
        )
    try:
        return dict(_entries(data["targets"]))
    except (AttributeError, ValueError):
        raise BaselineError(f"the baseline {quote(str(path))} is damaged") from None


def _entries(targets: dict[str, dict[str, dict[str, int]]]) -> Iterator[tuple[Entry, int]]:
    for target, layers in targets.items():
        for layer, of_layer in layers.items():
            for rule, count in of_layer.items():
                if type(count) is not int or count < 1:
                    raise ValueError
                yield Entry(target, layer, rule), count


def text(counts: Counts) -> str:
    """The content of a file: sorted, an entry a line."""
    targets: dict[str, dict[str, dict[str, int]]] = {}
    for entry, count in sorted(counts.items()):
        targets.setdefault(entry.target, {}).setdefault(entry.layer, {})[entry.rule] = count
    return json.dumps({"version": _VERSION, "targets": targets}, indent=2) + "\n"


def write(path: Path, counts: Counts) -> None:
    """Replace a file at once: whoever reads it meanwhile reads the old one or the new one.

    Raises:
        BaselineError: it cannot be written.
    """
    try:
        atomic.write(path, text(counts))
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BaselineError(f"cannot write the baseline {quote(str(path))}: {reason}") from None
