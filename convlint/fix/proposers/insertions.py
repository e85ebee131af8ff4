"""A call that is missing on a tensor: `flatten(1)`, `unsqueeze(1)`, `permute`, `.float()`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import libcst as cst

from convlint.arithmetic.window import axes_of, channels_of
from convlint.diagnostic import Proposal
from convlint.dims import Dim, guess, known, product
from convlint.fix.advice import calls
from convlint.fix.argument import operands
from convlint.fix.fault import Fault
from convlint.fix.feeding import definitions
from convlint.fix.misfit import may_be_cropped, misfits
from convlint.fix.proposal import proposer
from convlint.fix.proposers.removals import NUMBERS
from convlint.fix.source import Site
from convlint.network import Layer
from convlint.tensor import TensorSpec

_SPREADS: Final = "CL320"
"""(N,) meets (N, 1): one of them has an axis too many, or too few."""
_SCRAMBLES: Final = "CL410"
"""A permutation goes with another reshape."""
_RAISED: Final = "CL190"
"""Python itself has raised: nobody knows what was meant."""

_OUTER: Final = 3
"""How many calls around the one that complains are looked at."""

_NUMBERS: Final = tuple(f".{name}(" for name in NUMBERS)


@proposer
def insertions(fault: Fault) -> Iterator[Proposal]:
    """Each of them on each tensor that goes into the call, or into the module around it."""
    if fault.call is not None:
        yield from _inserted(fault.layer, fault.call, 0)
        if fault.found.code == _SPREADS:
            for node in operands(fault.call):
                for suffix in (".squeeze(1)", ".squeeze(-1)", ".unsqueeze(1)"):
                    code = fault.call.tree.operand(node)
                    yield Proposal(1, (fault.call.tree.instead(node, code + suffix),))
        if fault.found.code != _SCRAMBLES:
            yield from _said(fault, fault.call)
        if fault.found.code == _RAISED:
            yield from _taken(fault.call)
    frames = fault.layer.frames if fault.layer is not None else ()
    for outer in range(1, min(len(frames), _OUTER + 1)):
        site = fault.sources.site(frames[outer:])
        if site is not None and isinstance(site.node, cst.Call):
            yield from _inserted(fault.layer, site, outer)


def _said(fault: Fault, site: Site) -> Iterator[Proposal]:
    """What the help itself writes behind a tensor."""
    for node, tensor in _met(fault.layer, site):
        for suffix, shape in calls(fault.found):
            if not suffix.startswith(_NUMBERS) and (not shape or str(tensor) == shape):
                edit = site.tree.instead(node, site.tree.operand(node) + suffix)
                yield Proposal(-1 if shape else 3, (edit,))


def _met(layer: Layer | None, site: Site) -> Iterator[tuple[cst.BaseExpression, TensorSpec | None]]:
    """The operands of a call, each with its tensor."""
    tensors = [t for t in layer.tensors if t.source is not None] if layer is not None else []
    for place, node in enumerate(operands(site)):
        yield node, tensors[min(place, len(tensors) - 1)] if tensors else None


def _taken(site: Site) -> Iterator[Proposal]:
    """The first of several results, where a name gets them."""
    for node in operands(site):
        for found in definitions(site.to(node)) if isinstance(node, cst.Name) else ():
            if isinstance(found.node, cst.Call):
                edit = found.tree.instead(found.node, f"{found.code}[0]")
                yield Proposal(7, (edit,))


def _inserted(layer: Layer | None, site: Site, outer: int) -> Iterator[Proposal]:
    for node, tensor in _met(layer, site):
        code = site.tree.operand(node)
        turned = layer is not None and not outer and _turned(layer, tensor)
        for rank, suffix in _suffixes(layer, tensor):
            is_turn = suffix == ".transpose(1, 2)"
            if not (turned and is_turn):
                yield Proposal(rank + outer, (site.tree.instead(node, code + suffix),))
            if is_turn and isinstance(site.node, cst.Call):
                around = site.tree.code(site.node).replace(site.tree.code(node), code + suffix, 1)
                edit = site.tree.instead(site.node, around + suffix)
                yield Proposal(3 if turned else rank + outer, (edit,))


def _suffixes(layer: Layer | None, tensor: TensorSpec | None) -> Iterator[tuple[int, str]]:
    op = layer.op if layer is not None else ""
    shape = tensor.shape if tensor is not None else None
    rank = len(shape) if shape is not None else 4
    if op == "linear":
        fits = layer is not None and _flat(layer, shape)
        yield (0 if fits else 2), ".flatten(1)"
        if rank == 4:
            yield 4, ".mean((2, 3))"
            yield 5, ".permute(0, 2, 3, 1)"
    axes = axes_of(op)
    wanted = channels_of(layer) if layer is not None else None
    if axes and shape is not None:
        if rank == axes + 2:
            to_front = (0, rank - 1, *range(1, rank - 1))
            yield (0 if shape[-1] == wanted else 5), f".permute({', '.join(map(str, to_front))})"
        if rank == axes + 2 and wanted in shape[2:-1]:
            yield 1, f".transpose(1, {shape.index(wanted, 2)})"
        if rank == axes + 1:
            yield 1, ".unsqueeze(0)" if wanted == shape[0] else ".unsqueeze(1)"
            yield 2, ".unsqueeze(-1)"
            yield 2, ".unsqueeze(1)"
            yield 3, ".unsqueeze(0)"
        if rank == 2 and wanted and known(shape[-1], wanted):
            side = math.isqrt(guess(shape[-1]) // guess(wanted))
            if side * side * guess(wanted) == shape[-1] and axes == 2:
                yield 1, f".view(-1, {wanted}, {side}, {side})"
        if rank == axes + 3:
            yield 4, ".flatten(0, 1)"
            yield 4, ".mean(2)"
    if tensor is not None and tensor.dtype is not None:
        whole = not tensor.dtype.is_floating_point and not tensor.dtype.is_complex
        yield (2 if whole else 7), ".float()"
        yield (5 if whole else 4), ".long()"
    yield 4, ".transpose(1, 2)" if rank > 2 else ".t()"
    yield 4, ".flatten(1)"
    for axis in range(rank + 1) if op != "squeeze" else ():
        yield 4, f".unsqueeze({axis if axis < rank else -1})"
    for axis in range(rank):
        if shape is None or shape[axis] == 1:
            yield 3, f".squeeze({axis})"
    if op in ("view", "rejected") or layer is None or layer.rejected is not None:
        yield 3, ".contiguous()"
    if rank > 1:
        yield 5, ".transpose(-2, -1)"
        yield 6, ".flatten()"
    weight = tensor is not None and tensor.source is not None and tensor.source.op == "parameter"
    for axis in range(1, rank) if not weight else ():
        yield 6, f".mean({axis})"
    yield (7 if shape is None or shape[:1] == (1,) else 9), "[0]"  # one sample of all
    if layer is not None:
        yield from _crops(layer, tensor)


def _turned(layer: Layer, tensor: TensorSpec | None) -> bool:
    """Whether a norm would fit if the last two axes were exchanged, and exchanged back."""
    return any(
        m.tensor is tensor and m.is_own and "norm" in layer.op and m.wanted in (tensor.shape or ())
        for m in misfits(layer)
        if tensor is not None
    )


def _flat(layer: Layer, shape: tuple[Dim, ...] | None) -> bool:
    """Whether the layer takes what a flatten would give."""
    weight = layer.args.get("weight")
    if shape is None or not isinstance(weight, TensorSpec) or not weight.shape:
        return False
    return known(*shape) and product(shape[1:]) == weight.shape[-1]


def _crops(layer: Layer, tensor: TensorSpec | None) -> Iterator[tuple[int, str]]:
    """The larger of two tensors that meet, cut to the size of the other."""
    cuts = {
        m.axis: m.wanted
        for m in misfits(layer)
        if m.tensor is tensor and m.wanted < m.size and may_be_cropped(layer, m)
    }
    if cuts:
        first = min(cuts)
        parts = [f":{cuts[axis]}" if axis in cuts else ":" for axis in range(first, 0)]
        yield 5, f"[..., {', '.join(parts)}]"
