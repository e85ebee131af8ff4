"""A call or an index too many: `x.squeeze().mean(1)`, `out[0]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from convlint.diagnostic import Proposal
from convlint.fix.argument import operands
from convlint.fix.fault import Fault
from convlint.fix.proposal import proposer
from convlint.fix.source import Site

_TURNED: Final = ("T", "mT", "H", "mH")
"""Attributes that are the tensor with other axes."""
NUMBERS: Final = ("size", "dim", "numel", "item")
"""What a tensor is asked for where a number is wanted."""


@proposer
def removals(fault: Fault) -> Iterator[Proposal]:
    """Each of the calls in the statement that complains, and in those that feed it."""
    for depth, site in enumerate(fault.calls):
        outer = (site.node, *operands(site))
        for expression in outer:
            yield from _without(site, expression, 5 + depth)
        for inner in outer[1:]:
            for kind in (cst.Call, cst.Subscript, cst.Attribute):
                for node in site.tree.all(kind, inner):
                    if node not in outer:
                        yield from _without(site, node, 7 + depth)


def _without(site: Site, node: cst.CSTNode, rank: int) -> Iterator[Proposal]:
    if isinstance(node, cst.Attribute) and node.attr.value in _TURNED:
        yield Proposal(rank, (site.tree.instead(node, site.tree.code(node.value)),))
    if isinstance(node, cst.Subscript):
        yield Proposal(rank, (site.tree.instead(node, site.tree.code(node.value)),))
    if isinstance(node, cst.Call):
        func = node.func
        if isinstance(func, cst.Attribute) and isinstance(func.value, (cst.Name, cst.Call)):
            name = func.value.value if isinstance(func.value, cst.Name) else ""
            if name not in ("self", "torch", "F", "nn") and func.attr.value not in NUMBERS:
                # Which drops the batch of a single sample.
                batch = func.attr.value == "squeeze" and site.tree.code(node).endswith("(0)")
                edit = site.tree.instead(node, site.tree.code(func.value))
                yield Proposal(rank - 4 * batch, (edit,))
        if node.args and len(node.args) == 1 and not node.args[0].star:
            inner = node.args[0].value
            if isinstance(inner, (cst.Name, cst.Call)):
                yield Proposal(rank + 3, (site.tree.instead(node, site.tree.code(inner)),))
