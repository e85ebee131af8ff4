"""What a tensor is reshaped to: `view(-1, 400)`, `reshape(64, -1)`, `view(x.size(0), -1)`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst

from convlint.diagnostic import Proposal
from convlint.dims import guess, known, product
from convlint.fix.fault import Fault, before
from convlint.fix.feeding import feeds
from convlint.fix.proposal import proposer
from convlint.fix.source import Site
from convlint.network import Layer

_SCRAMBLES: Final = "CL410"
_RESHAPES: Final = ("view", "reshape", "unflatten")


@proposer
def views(fault: Fault) -> Iterator[Proposal]:
    """The sizes of the reshape itself, or of one just before the layer that complains."""
    if fault.layer is None:
        return
    for depth, layer in enumerate(before(fault.layer)):
        site = fault.sources.site(layer.frames)
        if layer.op not in _RESHAPES or site is None or not isinstance(site.node, cst.Call):
            continue
        tensor, call = _subject(site)
        if tensor is None:
            continue
        yield from _kept(site, tensor, layer, depth)
        yield from _sizes(site, call, tensor, layer, depth)
        if _are_turned(fault.layer):
            yield from _exchanged(site, call)


def _are_turned(layer: Layer) -> bool:
    """Whether two maps meet of which one lies on its side."""
    ends = {t.shape[-2:] for t in layer.tensors if t.shape is not None and len(t.shape) > 1}
    return any(len(set(end)) == 2 and end[::-1] in ends for end in ends)


def _exchanged(site: Site, sizes: Sequence[cst.BaseExpression]) -> Iterator[Proposal]:
    """The last two sizes in the other order, before the map itself is turned."""
    if len(sizes) > 2:
        one, other = sizes[-2:]
        edits = (
            site.tree.instead(one, site.tree.code(other)),
            site.tree.instead(other, site.tree.code(one)),
        )
        yield Proposal(-2, edits)


@proposer
def permuted(fault: Fault) -> Iterator[Proposal]:
    """The axes brought beside each other before they are merged: `permute` before a reshape."""
    layer, site = fault.layer, fault.call
    if layer is None or site is None or layer.op not in (*_RESHAPES, "flatten"):
        return
    if fault.found.code != _SCRAMBLES or not isinstance(site.node, cst.Call):
        return
    tensor, _ = _subject(site)
    shape = layer.tensors[0].shape
    if tensor is None or shape is None:
        return
    code = site.tree.code(tensor)
    whole = code if isinstance(tensor, (cst.Name, cst.Attribute, cst.Call)) else f"({code})"
    func = site.node.func
    given = (t.shape for one in fault.network.layers if one.op == "input" for t in one.outputs)
    batches = {sizes[0] for sizes in given if sizes}
    for axes in itertools.permutations(range(len(shape))):
        if list(axes) != sorted(axes):
            order = ", ".join(map(str, axes))
            moved = sum(a != i for i, a in enumerate(axes))
            edits = [site.tree.instead(tensor, f"{whole}.permute({order})")]
            if isinstance(func, cst.Attribute) and func.attr.value == "view":
                edits.append(site.tree.instead(func.attr, "reshape"))
            # Turned in a circle is what a change of layout is; two exchanged is a transposition.
            circle = 1 if moved == len(axes) - 1 else 2
            if not axes[0]:
                yield Proposal(circle, tuple(edits))
            elif axes[:2] == (1, 0) and shape[1] in batches and shape[0] not in batches:
                yield Proposal(3, tuple(edits))  # states, which have the batch behind the layers


def _subject(site: Site) -> tuple[cst.BaseExpression | None, tuple[cst.BaseExpression, ...]]:
    """The expression that is reshaped, and those of its new sizes."""
    node = site.node
    assert isinstance(node, cst.Call)
    values = [a.value for a in node.args]
    if not isinstance(node.func, cst.Attribute):
        return None, ()
    subject: cst.BaseExpression = node.func.value
    if isinstance(subject, cst.Name) and subject.value == "torch" and values:
        subject, *values = values
    if len(values) == 1 and isinstance(values[0], (cst.Tuple, cst.List)):
        values = [e.value for e in values[0].elements]
    return subject, tuple(values)


def _kept(site: Site, tensor: cst.BaseExpression, layer: Layer, depth: int) -> Iterator[Proposal]:
    """The batch kept as it is, the rest in one."""
    code = site.tree.code(tensor)
    whole = code if not tensor.lpar else f"({code})"
    yield Proposal(2 + depth, (site.tree.instead(site.node, f"{whole}.flatten(1)"),))
    if isinstance(tensor, (cst.Name, cst.Attribute)):
        new = f"{code}.{layer.op if layer.op != 'unflatten' else 'view'}({code}.size(0), -1)"
        yield Proposal(1 + depth, (site.tree.instead(site.node, new),))


def _sizes(
    site: Site,
    sizes: tuple[cst.BaseExpression, ...],
    tensor: cst.BaseExpression,
    layer: Layer,
    depth: int,
) -> Iterator[Proposal]:
    """One size, or two, as the tensor has them."""
    given = layer.tensors[0].shape
    wanted = layer.args.get("shape", layer.args.get("size"))
    if given is None or not known(*given) or not isinstance(wanted, (tuple, list)):
        return
    if len(wanted) != len(sizes) or any(isinstance(n, (tuple, list)) for n in wanted):
        return
    total = guess(product(given))
    code = site.tree.code(tensor)
    for place, node in enumerate(sizes):
        others = [guess(n) for i, n in enumerate(wanted) if i != place and n != -1]
        rest = 1
        for size_of in others:
            rest *= size_of
        held = site.to(node)
        size = total // rest if rest and total % rest == 0 else 0
        if wanted[place] == -1:
            continue
        if -1 not in wanted and size and size != wanted[place]:
            for feed in feeds(held, wanted[place], size, is_size=True):
                yield Proposal(2 + depth + feed.cost, feed.edits)
        for axis, n in enumerate(given):
            if n != wanted[place]:
                if isinstance(tensor, cst.Name):
                    named = site.tree.instead(node, f"{code}.size({axis})")
                    yield Proposal(2 + depth + (axis != place) * 2, (named,))
                for feed in feeds(held, wanted[place], guess(n)):
                    yield Proposal(3 + depth + feed.cost, feed.edits)
        yield Proposal(4 + depth, (site.tree.instead(node, "-1"),))
    yield from _squares(site, sizes, list(wanted), total, tensor, given, depth)


def _squares(
    site: Site,
    sizes: tuple[cst.BaseExpression, ...],
    wanted: list[object],
    total: int,
    tensor: cst.BaseExpression,
    given: tuple[object, ...],
    depth: int,
) -> Iterator[Proposal]:
    """The last two sizes together, as height and width are."""
    if len(sizes) < 3 or len(given) < 2 or wanted[-2:] == list(given[-2:]):
        return
    code = site.tree.code(tensor)
    if isinstance(tensor, cst.Name):
        edits = tuple(
            site.tree.instead(sizes[axis], f"{code}.size({len(given) + axis})") for axis in (-2, -1)
        )
        yield Proposal(2 + depth, edits)
    if len(given) > 2:
        rest = 1
        for n in given[-3:]:
            rest *= guess(n)  # type: ignore[arg-type]
        for feed in feeds(site.to(sizes[-1]), wanted[-1], rest, [guess(n) for n in given[-3:]]):  # type: ignore[arg-type]
            yield Proposal(3 + depth + feed.cost, feed.edits)
