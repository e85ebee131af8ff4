"""The axis of a call: `dim=` of cat, chunk, softmax, `squeeze(1)` for `squeeze()`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from convlint.diagnostic import Proposal
from convlint.fix.argument import of_call, of_definition, set_argument, with_keyword
from convlint.fix.fault import Fault
from convlint.fix.proposal import proposer
from convlint.network import Layer

_NAMES: Final = ("dim", "dim0", "dim1", "start_dim", "end_dim")
_CUTS: Final = ("chunk", "split", "tensor_split")
"""What cuts the batch by default is mostly meant to cut the channels."""

_BACK: Final = 4
"""How many layers before the one that complains are looked at."""


@proposer
def axes(fault: Fault) -> Iterator[Proposal]:
    """Every other axis, of the call itself and of those just before it."""
    if fault.layer is None:
        return
    for depth, layer in enumerate(before(fault.layer)):
        for site, names in (
            (fault.sources.site(layer.frames), of_call(layer)),
            (fault.sources.site(layer.definition_frames), of_definition(layer)),
        ):
            if site is None or not names:
                continue
            rank = max((len(t.shape) for t in layer.tensors if t.shape is not None), default=0)
            added = layer.op in ("unsqueeze", "stack")
            for name in _NAMES:
                old = layer.args.get(name)
                if name not in names:
                    continue
                if not isinstance(old, int):
                    if layer.op == "squeeze" and not getattr(site.node, "args", None):
                        code = site.tree.code(site.node)
                        for axis in range(rank):
                            shape = layer.tensors[0].shape
                            if shape is not None and shape[axis] == 1:
                                new = f"{code[:-1]}{axis})"
                                yield Proposal(1 + depth, (site.tree.instead(site.node, new),))
                    continue
                for axis in range(rank + added):
                    if axis != old % max(rank + added, 1):
                        for feed in set_argument(site, names, name, old, axis):
                            far = abs(axis - old % max(rank + added, 1))
                            cuts = layer.op in _CUTS and old == 0 and axis == 1
                            rank_ = -1 if cuts else 2 + depth + (far > 1)
                            yield Proposal(rank_ + feed.cost, feed.edits)
            if "keepdim" in names and isinstance(layer.args.get("keepdim"), bool):
                kept = layer.args["keepdim"]
                for feed in set_argument(site, names, "keepdim", kept, not kept):
                    yield Proposal(2 + depth + feed.cost, feed.edits)


@proposer
def batch_first(fault: Fault) -> Iterator[Proposal]:
    """`batch_first` of a layer that reads a sequence."""
    for layer in (*before(fault.layer),) if fault.layer is not None else ():
        site, names = fault.sources.site(layer.definition_frames), of_definition(layer)
        holder = getattr(layer.module, "batch_first", None)
        if site is not None and "batch_first" in names and isinstance(holder, bool):
            found = False
            for feed in set_argument(site, names, "batch_first", holder, not holder):
                found = True
                yield Proposal(1 + feed.cost, feed.edits)
            if not found and not holder:
                yield Proposal(2, with_keyword(site, "batch_first", "True").edits)


def before(layer: Layer) -> Iterator[Layer]:
    """The layer and those that its tensors come from, the nearest first."""
    pending, seen = [layer], set()
    for _ in range(_BACK * 2):
        if not pending:
            return
        one = pending.pop(0)
        if one.name in seen or one.op in ("input", "parameter", "buffer", "constant"):
            continue
        seen.add(one.name)
        yield one
        pending += [t.source for t in one.tensors if t.source is not None]
