"""A mask of every sample, where attention wants one for every head of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from convlint.diagnostic import Proposal
from convlint.fix.argument import argument
from convlint.fix.fault import Fault
from convlint.fix.proposal import proposer
from convlint.tensor import TensorSpec

_NAMES: Final = ("query", "key", "value", "key_padding_mask", "need_weights", "attn_mask")
"""What `nn.MultiheadAttention` is called with."""


@proposer
def masks(fault: Fault) -> Iterator[Proposal]:
    """Each sample's mask as often as there are heads, one sample after the other."""
    layer, site = fault.layer, fault.call
    if layer is None or site is None or not isinstance(site.node, cst.Call):
        return
    query, mask = layer.args.get("query"), layer.args.get("attn_mask")
    given = argument(site.node, _NAMES, "attn_mask")
    if not isinstance(query, TensorSpec) or not isinstance(mask, TensorSpec) or given is None:
        return
    if query.shape is None or mask.shape is None or len(mask.shape) != 3:
        return
    axis = 0 if getattr(layer.module, "batch_first", False) else 1
    if len(query.shape) == 3 and mask.shape[0] == query.shape[axis]:
        heads = f"{site.tree.code(site.node.func)}.num_heads"
        code = f"{site.tree.operand(given.value)}.repeat_interleave({heads}, 0)"
        yield Proposal(1, (site.tree.instead(given.value, code),))
