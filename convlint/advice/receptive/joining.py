"""Several tensors that meet, and one that is split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convlint.advice.pointwise import JOINED
from convlint.advice.reach import LOST, Reach, together
from convlint.advice.receptive.follower import Reaches, follows, reach, unlisted
from convlint.advice.receptive.sources import constant
from convlint.network import Layer
from convlint.tensor import TensorSpec


@follows(*JOINED)
def joined(layer: Layer, found: Reaches) -> Reach | None:
    """Elementwise: tensors that broadcast."""
    operands = [a for a in layer.args.values() if type(a) is TensorSpec]
    if len(operands) < 2:
        return reach(operands[0], found) if operands else constant(layer, found)
    return _met(operands, layer.output, found)


def _met(operands: Sequence[TensorSpec], output: Any, found: Reaches) -> Reach | None:
    if type(output) is not TensorSpec or output.shape is None:
        return None
    owns = []
    for operand in operands:
        own = reach(operand, found)
        if own is None or operand.shape is None or len(own.fields) != len(operand.shape):
            return None
        if len(operand.shape) > len(output.shape):
            return None  # torch refuses it
        owns.append(own.spread(operand.shape, output.shape))
    return together(owns, output.shape)


@follows("cat")
def _catenated(layer: Layer, found: Reaches) -> Reach | None:
    tensors = [t for t in layer.args["tensors"] if t.shape is not None and len(t.shape) > 1]
    output, dim = layer.output, layer.args["dim"]
    if len(tensors) < len(layer.args["tensors"]) or output.shape is None or type(dim) is not int:
        return unlisted(layer, found)
    owns = []
    for tensor in tensors:
        own = reach(tensor, found)
        if own is None or len(own.fields) != len(output.shape):
            return None
        owns.append(own)
    met = together(owns, output.shape)
    return met if met.fields[dim] is None else met.replaced(dim, LOST)


@follows("stack")
def _stacked(layer: Layer, found: Reaches) -> Reach | None:
    tensors, dim = layer.args["tensors"], layer.args["dim"]
    if not tensors or type(dim) is not int:
        return unlisted(layer, found)
    met = _met(tensors, tensors[0], found)
    if met is None:
        return None
    at = dim % (len(met.fields) + 1)
    return Reach(
        (*met.fields[:at], None, *met.fields[at:]),
        (*met.origins[:at], None, *met.origins[at:]),
        met.mixed,
    )


@follows("chunk", "split", "split_with_sizes", "glu")
def _split(layer: Layer, found: Reaches) -> Reach | None:
    args = layer.args
    image, dim = args["tensor" if layer.op == "split" else "input"], args["dim"]
    before = reach(image, found)
    if before is None or type(dim) is not int or dim >= len(before.fields):
        return None
    return before if before.fields[dim] is None else before.replaced(dim, LOST)
