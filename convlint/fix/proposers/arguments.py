"""An argument too few or too many, and an element of a tuple: `torch.cat(dim=1)`, `(2)`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import libcst as cst

from convlint.diagnostic import Edit, Proposal
from convlint.dims import guess, known
from convlint.fix.argument import is_namespace
from convlint.fix.fault import Fault
from convlint.fix.proposal import proposer
from convlint.fix.proposers.variables import names
from convlint.fix.reading import Readers
from convlint.fix.source import Site

_MOST: Final = 6
"""So many names are tried for an argument."""
_REFUSED: Final = ("CL190", "CL199")
"""What is said where a call does not take its arguments at all."""
_LACKING: Final = ("missing", "invalid combination of arguments")
_NUMBERS: Final = ("1", "0", "-1", "2")
"""What is tried for an axis, or for a number of parts."""


@proposer
def arguments(fault: Fault) -> Iterator[Proposal]:
    """One argument more, the nearest tensors first; or one less."""
    site = fault.call
    if site is None or not isinstance(site.node, cst.Call):
        return
    refused = fault.found.code in _REFUSED
    lacking = refused and any(text in fault.found.message for text in _LACKING)
    if refused:
        yield from _added(site, 4 if lacking else 7)
    readers = Readers(fault.sources, fault.network)
    for one in _dropped(site, 7):
        if refused or not readers.lost(one.edits):
            yield one


def _added(site: Site, rank: int) -> Iterator[Proposal]:
    call = site.node
    assert isinstance(call, cst.Call)
    codes = _codes(site, call)
    head = sum(1 for _ in itertools.takewhile(lambda a: a.keyword is None, call.args))
    own = isinstance(call.func, cst.Attribute) and not is_namespace(call.func.value)
    for place in dict.fromkeys((head, 0, *range(1, head)) if own else (0, head, *range(1, head))):
        for far, code in enumerate((*names(site)[:_MOST], *(_NUMBERS if place or own else ()))):
            yield Proposal(
                rank + far // 3, (_called(site, [*codes[:place], code, *codes[place:]]),)
            )


def _dropped(site: Site, rank: int) -> Iterator[Proposal]:
    call = site.node
    assert isinstance(call, cst.Call)
    codes = _codes(site, call)
    for place, given in enumerate(call.args):
        less = [*codes[:place], *codes[place + 1 :]]
        if less:
            yield Proposal(rank, (_called(site, less),))
        if given.keyword is not None and given.keyword.value in names(site):
            # A name of a tensor is no name of a parameter.
            name, value = given.keyword.value, site.tree.code(given.value)
            for more in ([name], [name, value]):
                made = [*codes[:place], *more, *codes[place + 1 :]]
                yield Proposal(rank, (_called(site, made),))


def _codes(site: Site, call: cst.Call) -> list[str]:
    return [site.tree.code(given) for given in call.args]


def _called(site: Site, codes: list[str]) -> Edit:
    call = site.node
    assert isinstance(call, cst.Call)
    return site.tree.instead(call, f"{site.tree.code(call.func)}({', '.join(codes)})")


@proposer
def elements(fault: Fault) -> Iterator[Proposal]:
    """An element more in a tuple of numbers, or two that were exchanged; a tuple for a number."""
    site, layer = fault.call, fault.layer
    if site is None:
        return
    shapes = [t.shape for t in layer.tensors if t.shape is not None] if layer is not None else []
    sizes = {guess(n): None for shape in shapes for n in shape if known(n)}
    signed = site.tree.all(cst.UnaryOperation, site.node)
    for number in (*site.tree.all(cst.Integer, site.node), *signed):
        if number.lpar:
            code = site.tree.code(number)
            for content in (f"{code},", f"{code}, {code}"):
                yield Proposal(6, (site.tree.instead(number, content),))
    for given in site.node.args if isinstance(site.node, cst.Call) else ():
        if isinstance(given.value, cst.Name) and given.value.lpar:  # the comma makes the tuple
            name = given.value
            for content in (f"{name.value},", *(f"{name.value}, {n}" for n in names(site)[:_MOST])):
                yield Proposal(6, (site.tree.instead(name, content),))
    literals: list[cst.Tuple | cst.List] = [*site.tree.all(cst.Tuple, site.node)]
    literals += site.tree.all(cst.List, site.node)
    for node in literals:
        codes = [site.tree.code(e.value) for e in node.elements]
        if not codes or any(isinstance(e, cst.StarredElement) for e in node.elements):
            continue
        if all(isinstance(e.value, (cst.Integer, cst.UnaryOperation)) for e in node.elements):
            axes = layer is not None and layer.op == "permute"
            rank = len(shapes[0]) if axes and shapes else 0
            lacking = [str(axis) for axis in range(rank) if str(axis) not in codes]
            more = lacking if axes else list(dict.fromkeys((*codes, *map(str, sizes))))
            for place in range(len(codes), -1, -1):
                for code in more:
                    made = [*codes[:place], code, *codes[place:]]
                    yield Proposal(3 if axes else 8, (_listed(site, node, made),))
        for place in range(len(codes) - 1):
            turned = [*codes[:place], codes[place + 1], codes[place], *codes[place + 2 :]]
            yield Proposal(7, (_listed(site, node, turned),))


@proposer
def equations(fault: Fault) -> Iterator[Proposal]:
    """A letter too many behind the arrow of an einsum, or an operand too few behind it."""
    site, layer = fault.call, fault.layer
    if site is None or layer is None or layer.op != "einsum":
        return
    for text in site.tree.all(cst.SimpleString, site.node):
        head, arrow, tail = text.value.partition("->")
        for place, letter in enumerate(tail):
            if arrow and letter.isalpha():
                less = f"{head}{arrow}{tail[:place]}{tail[place + 1 :]}"
                yield Proposal(4, (site.tree.instead(text, less),))
    if isinstance(site.node, cst.Call) and "operands, but" in fault.found.message:
        yield from _added(site, 5)


def _listed(site: Site, node: cst.Tuple | cst.List, codes: list[str]) -> Edit:
    before = site.tree.code(node)
    inner = ", ".join(codes) + ("," if len(codes) == 1 and isinstance(node, cst.Tuple) else "")
    if isinstance(node, cst.List):
        return site.tree.instead(node, f"[{inner}]")
    return site.tree.instead(node, f"({inner})" if before.startswith("(") else inner)
