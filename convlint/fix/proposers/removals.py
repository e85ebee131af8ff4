"""A call or an index too many: `x.squeeze().mean(1)`, `out[0]`."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from convlint.diagnostic import Proposal
from convlint.fix.argument import operands
from convlint.fix.fault import Fault
from convlint.fix.proposal import proposer
from convlint.fix.proposers.axes import before
from convlint.fix.source import Site


@proposer
def removals(fault: Fault) -> Iterator[Proposal]:
    """Each of the calls in the statement that complains, and in those that feed it."""
    sites = [fault.call]
    if fault.layer is not None:
        sites += [fault.sources.site(layer.frames) for layer in before(fault.layer)]
    for depth, site in enumerate(s for s in sites if s is not None):
        for node in (site.node, *operands(site)):
            yield from _without(site, node, depth)


def _without(site: Site, node: cst.CSTNode, depth: int) -> Iterator[Proposal]:
    rank = 5 + depth
    if isinstance(node, cst.Subscript):
        yield Proposal(rank, (site.tree.instead(node, site.tree.code(node.value)),))
    if isinstance(node, cst.Call):
        func = node.func
        if isinstance(func, cst.Attribute) and isinstance(func.value, (cst.Name, cst.Call)):
            name = func.value.value if isinstance(func.value, cst.Name) else ""
            if name not in ("self", "torch", "F", "nn"):
                yield Proposal(rank, (site.tree.instead(node, site.tree.code(func.value)),))
        if node.args and len(node.args) == 1 and not node.args[0].star:
            inner = node.args[0].value
            if isinstance(inner, (cst.Name, cst.Call)):
                yield Proposal(rank + 3, (site.tree.instead(node, site.tree.code(inner)),))
