"""Another tensor of the same function, where a name was mixed up."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import libcst as cst

from convlint.diagnostic import Edit, Proposal
from convlint.fix.argument import operands
from convlint.fix.fault import Fault
from convlint.fix.proposal import proposer
from convlint.fix.source import Site

_TWICE: Final = "CL554"
"""`x1 + x1`, and another tensor that is never read."""

_MOST: Final = 8


@proposer
def variables(fault: Fault) -> Iterator[Proposal]:
    """The names that were assigned last before the call, and the parameters of the function."""
    if fault.call is not None:
        for rank, edit in _renamed(fault.call):
            yield Proposal(8 + rank // 3, (edit,))


@proposer
def twice(fault: Fault) -> Iterator[Proposal]:
    """`x1 + x1`, where another tensor is never read."""
    place = fault.found.location
    if fault.found.code != _TWICE or place is None:
        return
    tree = fault.sources.tree(place.filename)
    node = tree.running(place) if tree is not None else None
    if tree is not None and isinstance(node, cst.BinaryOperation):
        for _, edit in _renamed(Site(fault.sources, tree, node, ())):
            yield Proposal(1, (edit,))


def _renamed(site: Site) -> Iterator[tuple[int, Edit]]:
    """Each name in the operands, exchanged for those that are known there, the nearest first."""
    known = names(site)
    codes = [site.tree.code(operand) for operand in operands(site)]
    for operand in operands(site):
        for name in site.tree.all(cst.Name, operand):
            if name.value in known:
                for rank, other in enumerate(known[:_MOST]):
                    # With itself nothing is compared, and seldom joined.
                    if other != name.value and (operand is not name or other not in codes):
                        yield rank, site.tree.instead(name, other)


def names(site: Site) -> tuple[str, ...]:
    """The names of the function around a place, those that were assigned last before it first."""
    around = site.tree.around(site.node)
    function = next((n for n in around if isinstance(n, cst.FunctionDef)), None)
    if function is None:
        return ()
    row = site.tree.place(site.node).row
    known: dict[str, int] = {p.name.value: 0 for p in function.params.params[1:]}
    for node in site.tree.own(function):
        if isinstance(node, cst.AssignTarget) and site.tree.place(node).row < row:
            targets: list[cst.BaseExpression] = [node.target]
            if isinstance(node.target, (cst.Tuple, cst.List)):
                targets = [e.value for e in node.target.elements]
            at = site.tree.place(node.target).row
            known |= {t.value: at for t in targets if isinstance(t, cst.Name)}
    return tuple(sorted(known, key=lambda name: -known[name]))


@proposer
def order(fault: Fault) -> Iterator[Proposal]:
    """Two arguments that were exchanged."""
    for site in (fault.definition, fault.call):
        if site is None or not isinstance(site.node, cst.Call):
            continue
        args = site.node.args
        for one, other in itertools.pairwise(args):
            if one.keyword is None and other.keyword is None:
                edits = (
                    site.tree.instead(one.value, site.tree.code(other.value)),
                    site.tree.instead(other.value, site.tree.code(one.value)),
                )
                yield Proposal(6, edits)
            elif one.keyword is None and other.keyword is not None:
                code = site.tree.code(one.value)
                if isinstance(one.value, cst.Name):
                    turned = site.tree.instead(one.value, other.keyword.value)
                    yield Proposal(8, (turned, site.tree.instead(other.keyword, code)))
