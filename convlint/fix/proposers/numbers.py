"""The number in the definition of the layer that complains: `nn.Linear(400, 10)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from convlint.advice.origin import factors
from convlint.diagnostic import Proposal
from convlint.dims import Dim, guess, known
from convlint.fix.argument import of_call, of_definition, set_argument
from convlint.fix.fault import Fault
from convlint.fix.feeding import Feed
from convlint.fix.misfit import Misfit, misfits
from convlint.fix.proposal import proposer

_SIZES: Final = (
    "in_features", "in_channels", "num_features", "num_channels", "num_parameters", "input_size",
    "embed_dim", "d_model",
)  # fmt: skip
"""How modules call the size that they take."""


@proposer
def numbers(fault: Fault) -> Iterator[Proposal]:
    """The size that arrives, in place of the one that the layer is made for."""
    layer, site = fault.layer, fault.definition
    if layer is None or site is None or layer.module is None:
        return
    names = of_definition(layer)
    for misfit in misfits(layer):
        if not misfit.is_own:
            continue
        # A map is seldom meant to be mixed along its rows.
        odd = 3 if layer.op == "linear" and len(misfit.tensor.shape or ()) > 3 else 0
        if misfit.wanted > 1 and misfit.wanted in _others(misfit):
            odd = 3  # the features are there, on another axis
        parts = tuple(guess(n) for n in factors(misfit.tensor, misfit.axis) if known(n) and n != 1)
        for name in _SIZES:
            old = getattr(layer.module, name, None)
            if name in names and isinstance(old, int):
                for feed in set_argument(site, names, name, old, misfit.size, parts, True):
                    yield _sized(feed, odd)
                    yield from _grouped(fault, name, old, misfit.size, feed.edits)
        normalized: Any = layer.args.get("normalized_shape")
        if normalized and "normalized_shape" in names and misfit.tensor.shape is not None:
            arrives = tuple(guess(n) for n in misfit.tensor.shape[-len(normalized) :])
            old, new = tuple(normalized), arrives
            for was, wanted in ((old, new), (old[0], new[0])) if len(old) == 1 else ((old, new),):
                for feed in set_argument(
                    site, names, "normalized_shape", was, wanted, is_size=True
                ):
                    yield _sized(feed, odd)


def _sized(feed: Feed, odd: int) -> Proposal:
    """The number that the constraint asks for; a name that is it already was meant by somebody."""
    rank = feed.cost + (0 if feed.is_known else odd)
    return Proposal(rank, feed.edits, not odd and not feed.is_shared)


def _others(misfit: Misfit) -> tuple[Dim, ...]:
    """The sizes of the tensor on the other axes, without the batch."""
    shape = misfit.tensor.shape or ()
    return tuple(n for i, n in enumerate(shape[1:], 1 - len(shape)) if i != misfit.axis)


def _grouped(fault: Fault, name: str, old: int, new: int, edits: Any) -> Iterator[Proposal]:
    """A convolution of as many groups as channels: both, and what comes out of it."""
    module: Any = fault.layer.module if fault.layer is not None else None
    site, groups = fault.definition, getattr(module, "groups", 1)
    if name != "in_channels" or groups == 1 or site is None or fault.layer is None:
        return
    names = of_definition(fault.layer)
    if groups == old:
        for feed in set_argument(site, names, "groups", groups, new):
            yield Proposal(1 + feed.cost, (*edits, *feed.edits))


@proposer
def divisors(fault: Fault) -> Iterator[Proposal]:
    """Groups, heads or a factor that divides what it must."""
    layer = fault.layer
    if layer is None:
        return
    for name in ("groups", "num_groups", "num_heads", "nhead", "upscale_factor",
                 "downscale_factor", "chunks", "split_size_or_sections"):  # fmt: skip
        for site, names in ((fault.definition, of_definition(layer)), (fault.call, of_call(layer))):
            old = layer.args.get(name, getattr(layer.module, name, None))
            if site is None or name not in names or not isinstance(old, int):
                continue
            near = sorted(range(1, 65), key=lambda n: (abs(n - guess(old)), n))
            for rank, new in enumerate(n for n in near if n != old):
                if rank < 6 or new == 1:
                    for feed in set_argument(site, names, name, old, new):
                        yield Proposal(3 + feed.cost + rank // 3, feed.edits)
