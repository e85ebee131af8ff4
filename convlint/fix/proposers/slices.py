"""A slice that is empty or too long: `x[:, :-n]` with n = 0."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from convlint.diagnostic import Proposal
from convlint.fix.fault import Fault
from convlint.fix.proposal import proposer
from convlint.fix.source import Site


@proposer
def slices(fault: Fault) -> Iterator[Proposal]:
    """The end of a slice, counted from the beginning."""
    for depth, site in enumerate(fault.calls):
        for node in site.tree.all(cst.Subscript, site.node):
            yield from _ended(site, node, depth)


def _ended(site: Site, node: cst.Subscript, depth: int) -> Iterator[Proposal]:
    for axis, element in enumerate(node.slice):
        part = element.slice
        if not isinstance(part, cst.Slice) or not isinstance(part.upper, cst.UnaryOperation):
            continue
        if isinstance(part.upper.operator, cst.Minus) and isinstance(node.value, cst.Name):
            size = f"{node.value.value}.size({axis}) - {site.tree.code(part.upper.expression)}"
            yield Proposal(depth, (site.tree.instead(part.upper, size),))
