"""Who proposes what could be written to mend a finding: a registry."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from convlint.diagnostic import Diagnostic, Edit, Proposal, Severity
from convlint.fix.advice import is_advised
from convlint.fix.fault import Fault, faults
from convlint.fix.reading import Readers
from convlint.network import Network
from convlint.rule import silent

_MOST: Final = 160
"""How many proposals of one finding are tried at most."""

_SURE: Final = 2
"""Up to which rank one is tried where torch runs the network."""

_ADVISED: Final = -1
"""The rank of what the finding's help says."""
_DROPPED: Final = 12
"""How much less likely it is that a tensor was not wanted at all."""

Proposer = Callable[[Fault], Iterator[Proposal]]

_PROPOSERS: Final[dict[str, Proposer]] = {}


def proposer(function: Proposer) -> Proposer:
    """Register what proposes one kind of edit.

    Raises:
        ValueError: two have one name.
    """
    name = function.__name__
    if name in _PROPOSERS:
        raise ValueError(f"two proposers are called {name}")
    _PROPOSERS[name] = function
    return function


def proposed(found: Iterable[Diagnostic], network: Network) -> Iterator[Diagnostic]:
    """The findings with what might mend them."""
    for fault in faults(found, network):
        if fault.found.severity is Severity.INFO:
            yield fault.found
        else:
            yield replace(fault.found, proposals=proposals(fault))


def proposals(fault: Fault) -> tuple[Proposal, ...]:
    """What could mend a finding, the likeliest first; each edit once."""
    load()
    found: dict[tuple[Edit, ...], Proposal] = {}
    for propose in _PROPOSERS.values():
        try:
            for one in propose(fault):
                edits = tuple(e for e in one.edits if e.content or not _is_empty(e))
                if edits and (edits not in found or found[edits].rank > one.rank):
                    found[edits] = replace(one, edits=edits)
        except Exception:  # the others may still know something
            if os.environ.get("CONVLINT_STRICT"):
                raise
    readers = Readers(fault.sources, fault.network)
    found = {edits: _judged(fault, one, readers) for edits, one in found.items()}
    if fault.found.severity is not Severity.ERROR or fault.found.code in silent():
        # What runs is only told that it is wrong: of an edit that merely hides it nobody would
        # ever hear again.  So only what is meant for it, and nothing that might be.
        found = {edits: one for edits, one in found.items() if one.rank <= _SURE}
    ranked = sorted(
        found.values(), key=lambda p: (not p.is_meant, p.rank, len(p.edits), _length(p))
    )
    return tuple(ranked[:_MOST])


def _judged(fault: Fault, one: Proposal, readers: Readers) -> Proposal:
    """First what the finding itself says; last what takes a tensor out of the network."""
    if is_advised(fault.found, one.edits, fault.sources):
        return replace(one, rank=min(one.rank, _ADVISED))
    if not one.is_number and readers.lost(one.edits):
        return replace(one, rank=one.rank + _DROPPED)
    return one


def _is_empty(edit: Edit) -> bool:
    place = edit.location
    return (place.row, place.column) == (place.end_row, place.end_column)


def _length(proposal: Proposal) -> int:
    return sum(len(e.content) for e in proposal.edits)


def load() -> None:
    """Read all proposers."""
    from convlint.fix import proposers

    for found in pkgutil.iter_modules(proposers.__path__):
        importlib.import_module(f"{proposers.__name__}.{found.name}")
