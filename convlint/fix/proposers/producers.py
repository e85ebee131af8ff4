"""The number in the definition of the layer that a size comes from: `nn.Conv2d(3, 16, 3)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from convlint.advice.origin import origin
from convlint.diagnostic import Proposal
from convlint.fix.argument import of_definition, set_argument
from convlint.fix.fault import Fault
from convlint.fix.misfit import misfits
from convlint.fix.proposal import proposer

_GIVES: Final = ("out_channels", "out_features", "embedding_dim", "hidden_size", "num_embeddings",
                 "proj_size", "embed_dim", "d_model")  # fmt: skip


@proposer
def producers(fault: Fault) -> Iterator[Proposal]:
    """What the other layer wants, where the size is made."""
    if fault.layer is None:
        return
    for misfit in misfits(fault.layer):
        source = origin(misfit.tensor, misfit.axis)
        module: Any = source.module if source is not None else None
        if source is None or module is None:
            continue
        site, names = fault.sources.site(source.definition_frames), of_definition(source)
        if site is None:
            continue
        for name in _GIVES:
            old = getattr(module, name, None)
            if name not in names or not isinstance(old, int):
                continue
            scale = misfit.size // old if old and misfit.size % old == 0 else 1
            if misfit.wanted % scale == 0:
                wanted = misfit.wanted // scale
                for feed in set_argument(site, names, name, old, wanted, is_size=True):
                    # Of two tensors that meet nobody knows which is right.
                    rank = feed.cost + (1 if misfit.is_own else 2)
                    number = misfit.is_own and not feed.is_shared
                    yield Proposal(rank, feed.edits, number)
