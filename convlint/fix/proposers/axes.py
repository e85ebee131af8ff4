"""The axis of a call: `dim=` of cat, chunk, softmax, `squeeze(1)` for `squeeze()`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst

from convlint.diagnostic import Proposal
from convlint.fix.argument import of_call, of_definition, operands, set_argument
from convlint.fix.fault import Fault, before
from convlint.fix.feeding import definitions
from convlint.fix.proposal import proposer
from convlint.fix.source import Site
from convlint.network import Layer

_NAMES: Final = ("dim", "dim0", "dim1", "start_dim", "end_dim")
_CUTS: Final = ("chunk", "split", "tensor_split")
"""What cuts the batch by default is mostly meant to cut the channels."""
_FLAG: Final = 3
"""A flag is meant for the fault only where the finding asks for it."""


@proposer
def axes(fault: Fault) -> Iterator[Proposal]:
    """Every other axis, of the call itself and of those just before it."""
    if fault.layer is None:
        return
    for depth, layer in enumerate(before(fault.layer)):
        for site, names in _written(fault, layer):
            for name in _NAMES:
                if name in names:
                    yield from _turned(site, names, name, layer, depth)
            kept = layer.args.get("keepdim")
            if "keepdim" in names and isinstance(kept, bool):
                for feed in set_argument(site, names, "keepdim", kept, not kept):
                    yield Proposal(2 + depth + feed.cost, feed.edits)


def _written(fault: Fault, layer: Layer) -> Iterator[tuple[Site, tuple[str, ...]]]:
    """The call of a layer and its definition, with the names of their parameters."""
    for frames, names in (
        (layer.frames, of_call(layer)),
        (layer.definition_frames, of_definition(layer)),
    ):
        site = fault.sources.site(frames)
        if site is not None and names:
            yield site, names


def _turned(
    site: Site, names: Sequence[str], name: str, layer: Layer, depth: int
) -> Iterator[Proposal]:
    """Other axes in the place of one that is given."""
    old = layer.args.get(name)
    rank = max((len(t.shape) for t in layer.tensors if t.shape is not None), default=0)
    rank += layer.op in ("unsqueeze", "stack")
    if not isinstance(old, int) or not rank:
        return
    for axis in range(rank):
        far = abs(axis - old % rank)
        if far:
            cuts = layer.op in _CUTS and old == 0 and axis == 1
            likely = -1 if cuts else 2 + depth + (far > 1)
            if name == "start_dim" and axis == 0:
                likely += 4  # the batch is seldom meant to go
            for feed in set_argument(site, names, name, old, axis):
                yield Proposal(likely + feed.cost, feed.edits)


@proposer
def squeezes(fault: Fault) -> Iterator[Proposal]:
    """Which axis to drop, where `squeeze()` drops them all, the batch of one sample too."""
    if fault.layer is None:
        return
    for depth, layer in enumerate(before(fault.layer)):
        site = fault.sources.site(layer.frames)
        if layer.op != "squeeze" or site is None or not isinstance(site.node, cst.Call):
            continue
        if layer.args.get("dim") is not None or not operands(site):
            continue
        tensor, shape = operands(site)[0], layer.tensors[0].shape or ()
        code = site.tree.code(tensor)
        if isinstance(tensor, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)):
            for axis in range(1, len(shape)):
                if shape[axis] == 1:
                    new = f"{code}.squeeze({axis})"
                    yield Proposal(1 + depth, (site.tree.instead(site.node, new),))
            if 1 not in shape[1:]:
                yield Proposal(1 + depth, (site.tree.instead(site.node, code),))
            yield Proposal(2 + depth, (site.tree.instead(site.node, f"{code}.flatten(1)"),))


@proposer
def batch_first(fault: Fault) -> Iterator[Proposal]:
    """`batch_first` of a layer that reads a sequence."""
    for layer in before(fault.layer) if fault.layer is not None else ():
        site, names = fault.sources.site(layer.definition_frames), of_definition(layer)
        if site is None:
            continue
        held = getattr(layer.module, "batch_first", None)
        if "batch_first" in names and isinstance(held, bool):
            for feed in set_argument(site, names, "batch_first", held, not held):
                yield Proposal(_FLAG + feed.cost, feed.edits)
        elif isinstance(site.node, cst.Call) and "encoder_layer" in names and site.node.args:
            yield from _of_the_block(site.to(site.node.args[0].value))


def _of_the_block(site: Site) -> Iterator[Proposal]:
    """A stack of layers is made of one, which has the flag."""
    for made in (site, *definitions(site)):
        if isinstance(made.node, cst.Call):
            for feed in set_argument(made, ("batch_first",), "batch_first", False, True):
                yield Proposal(_FLAG + feed.cost, feed.edits)
