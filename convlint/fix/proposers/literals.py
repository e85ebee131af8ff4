"""Any number, flag or name near the fault, a little changed: what a slip of the hand leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from convlint.diagnostic import Proposal
from convlint.dims import guess, known
from convlint.fix.fault import Fault, before
from convlint.fix.feeding import definitions, is_shared, static
from convlint.fix.proposal import proposer
from convlint.fix.source import Site

_NEIGHBOURS: Final = (
    ("view", "reshape"), ("cat", "stack"), ("stack", "cat"), ("matmul", "bmm"), ("bmm", "matmul"),
    ("mm", "matmul"), ("bmm", "mm"), ("LayerNorm", "GroupNorm"), ("GroupNorm", "LayerNorm"),
    ("GRU", "LSTM"), ("LSTM", "GRU"), ("Bilinear", "Linear"), ("Identity", "Flatten"),
)  # fmt: skip
_FAR: Final = 9


@proposer
def literals(fault: Fault) -> Iterator[Proposal]:
    """Each literal of the call and of the definition, and of those just before."""
    for depth, site in enumerate(_sites(fault)):
        sizes = _sizes(fault)
        for number in site.tree.all(cst.Integer, site.node):
            yield from _numbers(site, number, sizes, depth)
        for held in site.tree.all(cst.Attribute, site.node):
            for found in definitions(site.to(held)):  # what a parameter or a buffer is made with
                for number in site.tree.all(cst.Integer, found.node):
                    for one in _numbers(found, number, sizes, depth + 2):
                        if one.edits[0].content != "1":  # which would go with any other size
                            yield one
        for name in site.tree.all(cst.Name, site.node):
            yield from _names(site, name, depth)
            for found in definitions(site.to(name)):
                if is_shared(site.to(name), found):
                    continue
                if isinstance(found.node, cst.Integer) and static(found) is not None:
                    yield from _numbers(found, found.node, sizes, depth + 1)
                elif isinstance(found.node, (cst.Tuple, cst.List)) and depth < 2:
                    for inner in site.tree.all(cst.Name, found.node):
                        yield from _flags(found, inner, depth + 1)


@proposer
def operators(fault: Fault) -> Iterator[Proposal]:
    """`a @ b` for `a * b`, and back."""
    site = fault.call
    if site is None or not isinstance(site.node, cst.BinaryOperation):
        return
    left, right = site.tree.code(site.node.left), site.tree.code(site.node.right)
    for sign in ("@", "*", "+"):
        yield Proposal(7, (site.tree.instead(site.node, f"{left} {sign} {right}"),))


def _sites(fault: Fault) -> Iterator[Site]:
    if fault.layer is None:
        if fault.call is not None:
            yield fault.call
        return
    seen = set()
    for layer in before(fault.layer):
        for frames in (layer.frames, layer.definition_frames):
            site = fault.sources.site(frames)
            if site is not None and site.node not in seen:
                seen.add(site.node)
                yield site


def _sizes(fault: Fault) -> tuple[int, ...]:
    """Sizes of the tensors that meet here."""
    found: dict[int, None] = {}
    for tensor in fault.layer.tensors if fault.layer is not None else ():
        if tensor.shape is not None and known(*tensor.shape):
            found.update((guess(n), None) for n in tensor.shape)
    return tuple(found)


def _numbers(
    site: Site, node: cst.Integer, sizes: tuple[int, ...], depth: int
) -> Iterator[Proposal]:
    n = int(node.value, 0)
    near = (n - 1, n + 1, n * 2, n // 2, 1, n - 3, 0, 2)
    for rank, new in enumerate(dict.fromkeys((*near, *sizes))):
        if new >= 0 and new != n:
            yield Proposal(_FAR - 2 + depth + rank // 4, (site.tree.instead(node, str(new)),))
    outer = next(site.tree.around(node))
    if isinstance(outer, cst.UnaryOperation):
        yield Proposal(_FAR - 2 + depth, (site.tree.instead(outer, str(n)),))


def _names(site: Site, node: cst.Name, depth: int) -> Iterator[Proposal]:
    yield from _flags(site, node, depth)
    for old, new in _NEIGHBOURS:
        if node.value == old:
            yield Proposal(6 + depth, (site.tree.instead(node, new),))


def _flags(site: Site, node: cst.Name, depth: int) -> Iterator[Proposal]:
    if node.value in ("True", "False"):
        other = "False" if node.value == "True" else "True"
        yield Proposal(6 + depth, (site.tree.instead(node, other),))
