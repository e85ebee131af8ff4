"""A tensor brought to the size of the one that it meets: `F.interpolate(x, size=...)`, a crop."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from convlint.diagnostic import Proposal
from convlint.fix.argument import argument, of_call, operands, with_keyword
from convlint.fix.fault import Fault, before
from convlint.fix.misfit import may_be_cropped, misfits
from convlint.fix.proposal import proposer
from convlint.fix.source import Site
from convlint.network import Layer


@proposer
def unpooled(fault: Fault) -> Iterator[Proposal]:
    """The size before the pooling, which somebody may have kept: `output_size=before`."""
    site, layer = fault.call, fault.layer
    if site is None or layer is None or not layer.op.startswith(("max_unpool", "conv_transpose")):
        return
    if not isinstance(site.node, cst.Call) or argument(site.node, (), "output_size") is not None:
        return
    function = next(
        (n for n in site.tree.around(site.node) if isinstance(n, cst.FunctionDef)), None
    )
    names = {
        name.value
        for target in site.tree.all(cst.AssignTarget, function)
        for name in site.tree.all(cst.Name, target)
    }
    for name in sorted(names):
        for code in (name, f"{name}.size()"):
            yield Proposal(2, with_keyword(site, "output_size", code).edits)


@proposer
def resizing(fault: Fault) -> Iterator[Proposal]:
    """One operand at the size of the other."""
    site, layer = fault.call, fault.layer
    if site is None or layer is None:
        return
    nodes = operands(site)
    if isinstance(site.node, cst.AugAssign):
        nodes = (*nodes, site.node.target)
    pairs = [(a, b) for a in nodes for b in nodes if a is not b]
    found = [m for m in misfits(layer) if m.axis > -3]
    if not found or not all(may_be_cropped(layer, m) for m in found):
        return
    for one, other in pairs:
        mate = site.tree.operand(other)
        for source in before(layer):
            for size_of in _cheap(site, other):
                yield from _resampled(fault, source, one, site, size_of)
        if one is not getattr(site.node, "target", None):
            code = site.tree.operand(one)
            crop = f"{code}[..., :{mate}.size(-2), :{mate}.size(-1)]"
            yield Proposal(4, (site.tree.instead(one, crop),))
            larger = f"F.interpolate({site.tree.code(one)}, size={mate}.shape[-2:])"
            if _has(site, "F"):
                yield Proposal(5, (site.tree.instead(one, larger),))
            else:
                yield Proposal(5, (site.tree.instead(one, f"torch.nn.functional.{larger[2:]}"),))


def _cheap(site: Site, node: cst.BaseExpression) -> Iterator[str]:
    """Whose size to ask for: of a call, first what it is called with, so that it runs once."""
    if isinstance(node, cst.Call):
        yield from (n.value for a in node.args for n in site.tree.all(cst.Name, a.value))
    yield site.tree.operand(node)


def _resampled(
    fault: Fault, layer: Layer, within: cst.BaseExpression, site: Site, mate: str
) -> Iterator[Proposal]:
    """The interpolation, or the transposed convolution, that the operand comes from."""
    made = fault.sources.site(layer.frames)
    if made is None or not isinstance(made.node, cst.Call) or made.tree is not site.tree:
        return
    names = of_call(layer)
    if layer.op == "interpolate" and layer.module is None:
        given = argument(made.node, names, "scale_factor")
        if given is not None:
            yield Proposal(0, (made.tree.instead(given, f"size={mate}.shape[-2:]"),))
    elif layer.op == "interpolate" and made.node.args:
        inner = made.tree.code(made.node.args[0].value)
        prefix = "F" if _has(site, "F") else "torch.nn.functional"
        code = f"{prefix}.interpolate({inner}, size={mate}.shape[-2:])"
        yield Proposal(0, (made.tree.instead(made.node, code),))
    elif layer.op.startswith(("conv_transpose", "max_unpool")) and layer.module is not None:
        given = argument(made.node, (), "output_size")
        if given is None:
            shape = f"{mate}.shape[-2:]"
            yield Proposal(1, with_keyword(made, "output_size", shape).edits)


def _has(site: Site, name: str) -> bool:
    """Whether the file imports something by this name."""
    return any(
        alias.asname is not None and getattr(alias.asname.name, "value", "") == name
        for alias in site.tree.all(cst.ImportAlias)
    )
