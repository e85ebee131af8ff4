"""Which numbers layers demand of the sides of the inputs, in a graph whose sizes are not known.

Every side of an input is an `Unknown` of its own.  Whatever hands a side on hands on this very
object (through `permute`, padding of other axes, broadcasting), so that a convolution that gets
it as its channels says what it must be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from convlint.advice.pointwise import JOINED
from convlint.arithmetic.window import axes_of, channels_of
from convlint.dims import Dim, Shape, Unknown
from convlint.network import Guard, Layer, Network
from convlint.tensor import TensorSpec

Pair: TypeAlias = tuple[Dim, Any]
"""Two sizes that must be equal."""

_STATES: Final = frozenset({"lstm", "gru", "rnn", "lstm_cell", "gru_cell", "rnn_cell"})
_STACKS: Final = frozenset({"transformer", "transformer_encoder", "transformer_decoder"})


def demanded(network: Network) -> dict[int, int]:
    """The number that each side must have, by the `id` of its `Unknown`; the first word counts."""
    leaders: dict[int, int] = {}

    def leader(side: Unknown) -> int:
        found = id(side)
        while found in leaders:
            found = leaders[found]
        return found

    numbers: dict[int, int] = {}
    sides: dict[int, Unknown] = {}
    for one, other in _pairs(network):
        if isinstance(other, Unknown):
            one, other = other, one
        if not isinstance(one, Unknown) or isinstance(other, bool):
            continue
        sides[id(one)] = one
        if isinstance(other, Unknown):
            sides[id(other)] = other
            first, second = leader(one), leader(other)
            if first != second:
                leaders[first] = second
                if first in numbers:
                    numbers.setdefault(second, numbers[first])
        elif isinstance(other, int) and other > 0:
            numbers.setdefault(leader(one), int(other))
    return {key: numbers[at] for key, side in sides.items() if (at := leader(side)) in numbers}


def _pairs(network: Network) -> Iterator[Pair]:
    for layer in network.layers:
        yield from _of(layer)
    for guard in network.guards:
        yield from _compared(guard)


def _of(layer: Layer) -> Iterator[Pair]:
    """What one layer demands."""
    op, args = layer.op, layer.args
    image = _shape(args.get("input"))
    if op.startswith("conv") and axes_of(op):
        if len(image) == axes_of(op) + 2:
            yield image[1], channels_of(layer)
    elif op == "linear":
        yield from _last(image, _shape(args["weight"])[-1:])
    elif op == "bilinear":
        for i in (1, 2):
            weight = _shape(args["weight"])
            yield from _last(_shape(args[f"input{i}"]), weight[i : i + 1])
    elif op in ("batch_norm", "instance_norm", "group_norm"):
        weight = _shape(args.get("weight")) or _shape(args.get("running_mean"))
        if len(image) > 1 and weight:
            yield image[1], weight[0]
    elif op in ("layer_norm", "rms_norm"):
        yield from _last(image, tuple(args["normalized_shape"] or ()))
    elif op in _STATES:
        yield from _last(image, (args["input_size"],))
        for state in _tensors(args.get("hx")):
            yield from _last(_shape(state), (args["hidden_size"],))
    elif op == "multi_head_attention_forward":
        yield from _last(_shape(args["query"]), (args["embed_dim_to_check"],))
        yield from _last(_shape(args["key"]), (args.get("kdim"),))
        yield from _last(_shape(args["value"]), (args.get("vdim"),))
    elif op in _STACKS:
        for name in ("src", "tgt", "memory", "input"):
            yield from _last(_shape(args.get(name)), (args.get("d_model"),))
    elif op in ("matmul", "mm", "bmm"):
        other = _shape(args.get("other", args.get("mat2")))
        if image and other:
            yield image[-1], other[-2] if len(other) > 1 else other[-1]
    elif op in ("view", "reshape"):
        yield from _unfolded(image, args.get("shape", args.get("size")))
    elif op == "cat":
        yield from _joined(args)
    elif op in JOINED:
        yield from _broadcast(layer)


def _last(shape: Shape, wanted: tuple[Any, ...]) -> Iterator[Pair]:
    """The last sides of a tensor are `wanted`."""
    if wanted and len(shape) >= len(wanted):
        yield from zip(shape[len(shape) - len(wanted) :], wanted, strict=True)


def _unfolded(image: Shape, sizes: Any) -> Iterator[Pair]:
    """Rows that are made images, `x.view(-1, 1, 28, 28)`, have as many elements."""
    listed = isinstance(sizes, (tuple, list)) and len(sizes) > 1
    if len(image) == 2 and listed and all(type(n) is int and n > 0 for n in sizes[1:]):
        yield image[1], math.prod(sizes[1:])


def _joined(args: Any) -> Iterator[Pair]:
    shapes = [_shape(one) for one in _tensors(args.get("tensors"))]
    dim = args.get("dim", 0)
    if shapes and isinstance(dim, int) and len({len(shape) for shape in shapes}) == 1:
        for shape in shapes[1:]:
            for axis, pair in enumerate(zip(shapes[0], shape, strict=True)):
                if axis != dim % len(shape):
                    yield pair


def _broadcast(layer: Layer) -> Iterator[Pair]:
    """What is combined element by element is as large, or 1."""
    shapes = [_shape(tensor) for tensor in layer.tensors]
    for shape in shapes[1:]:
        for pair in zip(reversed(shapes[0]), reversed(shape), strict=False):
            if not any(isinstance(one, int) and one == 1 for one in pair):
                yield pair


def _compared(guard: Guard) -> Iterator[Pair]:
    """A check that the user's code makes of a side, as `assert h == 224`."""
    if guard.op == "==" and guard.answer:
        sides = [getattr(one, "dim", one) for one in (guard.left, guard.right)]
        yield sides[0], sides[1]


def _shape(tensor: Any) -> Shape:
    return (tensor.shape or ()) if isinstance(tensor, TensorSpec) else ()


def _tensors(value: Any) -> list[TensorSpec]:
    if isinstance(value, TensorSpec):
        return [value]
    return [one for one in value or () if isinstance(one, TensorSpec)]
