"""A slice that is empty or too long: `x[:, :-n]` with n = 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from convlint.diagnostic import Proposal
from convlint.fix.fault import Fault
from convlint.fix.proposal import proposer
from convlint.fix.source import Site

_ONE: Final = "CL416"
"""The rule about wrong axes."""


@proposer
def slices(fault: Fault) -> Iterator[Proposal]:
    """The end of a slice, counted from the beginning."""
    for depth, site in enumerate(fault.calls):
        for node in site.tree.all(cst.Subscript, site.node):
            yield from _ended(site, node, depth)


@proposer
def samples(fault: Fault) -> Iterator[Proposal]:
    """`x[:, -1]`, where `x[-1]` takes one sample of the batch."""
    site = fault.call
    if fault.found.code == _ONE and site is not None and isinstance(site.node, cst.Subscript):
        index = site.tree.code(site.node.slice[0])
        if len(site.node.slice) == 1:
            edit = site.tree.instead(site.node.slice[0], f":, {index}")
            yield Proposal(1, (edit,))


def _ended(site: Site, node: cst.Subscript, depth: int) -> Iterator[Proposal]:
    for axis, element in enumerate(node.slice):
        part = element.slice
        if not isinstance(part, cst.Slice) or not isinstance(part.upper, cst.UnaryOperation):
            continue
        if isinstance(part.upper.operator, cst.Minus) and isinstance(node.value, cst.Name):
            size = f"{node.value.value}.size({axis}) - {site.tree.code(part.upper.expression)}"
            yield Proposal(depth, (site.tree.instead(part.upper, size),))
