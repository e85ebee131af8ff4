"""Another layer in the place of one: an adaptive pool, a norm that takes what arrives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from convlint.diagnostic import Proposal
from convlint.fix.fault import Fault, before
from convlint.fix.feeding import definitions
from convlint.fix.proposal import proposer
from convlint.fix.source import Site

_SINGLE: Final = "CL110"
"""A norm over a single value: another norm is what is wanted."""
_ONE_PIXEL: Final = "CL540"
"""A pool of single pixels, where one over the whole map is wanted."""
_AXES: Final = re.compile(r"(?<=[a-z])([123])d\b")


@proposer
def layers(fault: Fault) -> Iterator[Proposal]:
    """The layer that complains, and those just before it."""
    if fault.layer is None:
        return
    for depth, layer in enumerate(before(fault.layer)):
        site = fault.sources.site(layer.definition_frames or layer.frames)
        if site is None or not isinstance(site.node, cst.Call):
            continue
        kind = site.tree.code(site.node.func)
        near = depth - 3 if fault.found.code == _SINGLE else depth
        yield from _pooled(site, kind, depth - 3 if fault.found.code == _ONE_PIXEL else depth)
        yield from _normed(site, kind, near)
        for made in definitions(site.to(site.node.func)):
            yield from _made_by(made, near)
        rank = max((len(t.shape) for t in layer.tensors if t.shape is not None), default=0)
        for axes in (1, 2, 3):
            other = _AXES.sub(f"{axes}d", kind)
            if other != kind:
                far = 3 if axes in (rank - 1, rank - 2) else 6
                yield Proposal(far + depth, (site.tree.instead(site.node.func, other),))


def _pooled(site: Site, kind: str, depth: int) -> Iterator[Proposal]:
    found = re.fullmatch(r"(.*\.)?(Avg|Max)Pool([123])d", kind)
    if found:
        new = f"{found[1] or ''}Adaptive{found[2]}Pool{found[3]}d(1)"
        yield Proposal(4 + depth, (site.tree.instead(site.node, new),))
    found = re.fullmatch(r"(.*\.)?Adaptive(Avg|Max)Pool([123])d", kind)
    if found:
        yield Proposal(5 + depth, (site.tree.instead(site.node, f"{kind}(1)"),))


def _made_by(site: Site, depth: int) -> Iterator[Proposal]:
    """A class of norms that is handed over, as `norm_layer=nn.BatchNorm2d`."""
    found = re.fullmatch(r"(.*\.)?(BatchNorm[123]d|InstanceNorm[123]d|LayerNorm)", site.code)
    if found:
        new = f"lambda n: {found[1] or ''}GroupNorm(1, n)"
        yield Proposal(3 + depth, (site.tree.instead(site.node, new),))


def _normed(site: Site, kind: str, depth: int) -> Iterator[Proposal]:
    """A norm over one value, or over another axis than the features are on."""
    found = re.fullmatch(r"(.*\.)?(BatchNorm[123]d|InstanceNorm[123]d|LayerNorm)", kind)
    node = site.node
    assert isinstance(node, cst.Call)
    if not found or not node.args:
        return
    prefix, size = found[1] or "", site.tree.code(node.args[0].value)
    if found[2] != "LayerNorm":
        yield Proposal(4 + depth, (site.tree.instead(node, f"{prefix}LayerNorm({size})"),))
    yield Proposal(3 + depth, (site.tree.instead(node, f"{prefix}GroupNorm(1, {size})"),))
