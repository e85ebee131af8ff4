"""Where a size came from: the layer that set it, and the factors it is made of."""

from __future__ import annotations

from convlint.advice.pointwise import JOINED
from convlint.dims import Dim, product
from convlint.network import Layer
from convlint.tensor import TensorSpec

_LAST = frozenset({"linear", "embedding", "lstm", "gru", "rnn", "bilinear", "matmul"})
_JOINS = frozenset({"cat", "stack"})
_MERGES = frozenset({"flatten", "view", "reshape"})


def origin(tensor: TensorSpec, dim: int) -> Layer | None:
    """The layer (or input, or parameter) that set side `dim` of `tensor`.

    Activations, norms, dropouts and whatever hands the side on unchanged are passed over.
    """
    layer = tensor.source
    if not tensor.shape:  # unknown, or without sides
        return layer
    dim %= len(tensor.shape)
    while layer is not None:
        before = _given(layer, dim, tensor)
        out = next((o for o in layer.outputs if o.shape == tensor.shape), None)
        if before is None or out is None or before.shape is None or out.shape is None:
            return layer
        same = len(before.shape) == len(out.shape) and before.shape[dim] == out.shape[dim]
        if not same or sets(layer, dim, len(out.shape)):
            return layer
        tensor, layer = before, before.source
    return layer


def _given(layer: Layer, dim: int, made: TensorSpec) -> TensorSpec | None:
    """What a layer has side `dim` of its output from, if it has not made it."""
    given = [tensor for tensor in layer.tensors if tensor.source is not None]
    if layer.op in JOINED:  # what is spread over the other has not set its size
        for tensor in given:
            own, out = tensor.shape or (), made.shape or ()
            if len(own) == len(out) and own[dim] == out[dim]:
                return tensor
    return next(iter(given), None)


def sets(layer: Layer, dim: int, rank: int) -> bool:
    """Whether a layer makes side `dim` of its own, also where it is as large as before."""
    if layer.op.startswith("conv"):
        return dim == rank - 1 - int(layer.op[-2])  # conv2d, conv_transpose2d: the channels
    if layer.op in _JOINS:
        at = layer.args.get("dim", 0)
        return isinstance(at, int) and at % rank == dim
    return layer.op in _LAST and dim == rank - 1


def factors(tensor: TensorSpec, dim: int = -1) -> tuple[Dim, ...]:
    """What side `dim` is the product of, if a flatten or view merged it (`(16, 5, 5)`)."""
    layer = tensor.source
    if layer is None or tensor.shape is None or layer.op not in _MERGES:
        return ()
    before = layer.tensors[0]
    if before.shape is None or len(before.shape) <= len(tensor.shape):
        return ()
    dim %= len(tensor.shape)
    wanted = tensor.shape[dim]
    for start in reversed(range(len(before.shape))):  # the batch is no factor, even if it is 1
        total: Dim = 1
        for stop in range(start, len(before.shape)):
            total = total * before.shape[stop]
            lone = stop == start
            if not lone and total == wanted and _before(before.shape[:start], tensor.shape[:dim]):
                return before.shape[start : stop + 1]
    return ()


def _before(old: tuple[Dim, ...], new: tuple[Dim, ...]) -> bool:
    """Whether the axes in front hold the same number of elements."""
    return product(old) == product(new)
