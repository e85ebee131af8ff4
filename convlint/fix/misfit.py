"""Which side of which tensor has another size than a layer takes."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from convlint.advice.origin import origin
from convlint.arithmetic.window import axes_of, channels_of
from convlint.dims import guess, known
from convlint.rule import rules
from convlint.tensor import TensorSpec

if TYPE_CHECKING:
    from convlint.network import Layer

_LOSS: Final = "CL113"
"""The rule about losses."""
_PRODUCTS: Final = ("matmul", "bmm", "mm", "linear", "einsum")
_MERGES: Final = ("flatten", "view", "reshape")
_MADE: Final = ("parameter", "buffer", "constant")


@dataclass(frozen=True, slots=True)
class Misfit:
    """Side `axis` (counted from the end) of `tensor` is not `wanted`."""

    tensor: TensorSpec
    axis: int
    wanted: int
    """The size that would do."""
    is_own: bool = True
    """Whether the layer's own numbers want it, and not another tensor."""

    @property
    def size(self) -> int:
        """The size that it has."""
        assert self.tensor.shape is not None
        return guess(self.tensor.shape[self.axis])


def misfits(layer: Layer) -> Iterator[Misfit]:
    """What does not fit, as far as it can be told from the shapes alone."""
    for tensor, axis, wanted in _wanted(layer):
        shape = tensor.shape
        if shape is None or len(shape) < -axis or not known(shape[axis], wanted):
            continue
        if shape[axis] != wanted:
            yield Misfit(tensor, axis, guess(wanted))
    flowing = [t for t in layer.tensors if t.source is not None and t.shape is not None]
    if layer.module is None and len(flowing) > 1:
        yield from _joined(layer, flowing)


def may_be_cropped(layer: Layer, misfit: Misfit) -> bool:
    """Whether what is too much may be left out: where maps meet, of which each is a position.

    A weight, a target, and an axis that others were merged into lose what is counted on.
    """
    if misfit.is_own or layer.op in _PRODUCTS or layer.op in _losses():
        return False
    source = origin(misfit.tensor, misfit.axis)
    return source is None or source.op not in (*_MADE, *_MERGES)


@functools.cache
def _losses() -> frozenset[str]:
    """The operators that compare an answer with a target."""
    return frozenset(op for rule in rules() if rule.code == _LOSS for op in rule.operators)


def _wanted(layer: Layer) -> Iterator[tuple[TensorSpec, int, Any]]:
    """Tensor, axis from the end, and the size by the layer's own numbers."""
    given, weight = layer.args.get("input"), layer.args.get("weight")
    if not isinstance(given, TensorSpec) or given.shape is None:
        return
    if layer.op.startswith("conv"):
        wanted = channels_of(layer)
        if wanted is not None:
            yield given, -axes_of(layer.op) - 1, wanted
    elif layer.op == "linear" and isinstance(weight, TensorSpec) and weight.shape:
        yield given, -1, weight.shape[-1]
    module: Any = layer.module
    for name, axis in (("num_features", 1), ("num_channels", 1), ("num_parameters", 1)):
        size = getattr(module, name, None)
        if isinstance(size, int) and len(given.shape) > axis:
            yield given, axis - len(given.shape), size
    for name in ("input_size", "embed_dim", "d_model"):
        size = getattr(module, name, None)
        if isinstance(size, int) and given.shape:
            yield given, -1, size
    normalized = layer.args.get("normalized_shape")
    if isinstance(normalized, (tuple, list)):
        for place, size in enumerate(reversed(normalized), start=1):
            if place <= len(given.shape):
                yield given, -place, size


def _joined(layer: Layer, flowing: list[TensorSpec]) -> Iterator[Misfit]:
    """Tensors that meet: each should be as the other."""
    first, *others = flowing
    assert first.shape is not None
    if layer.op in _PRODUCTS:
        for other in others:
            if other.shape is not None and len(other.shape) > 1 and first.shape:
                inner = other.shape[-2] if layer.op != "linear" else other.shape[-1]
                if known(inner, first.shape[-1]) and inner != first.shape[-1]:
                    yield Misfit(first, -1, guess(inner), False)
                    yield Misfit(other, -2, guess(first.shape[-1]), False)
        return
    along = layer.args.get("dim") if layer.op == "cat" else None
    for other in others:
        shape = other.shape
        assert shape is not None
        for axis in range(-min(len(shape), len(first.shape)), 0):
            one, two = first.shape[axis], shape[axis]
            if isinstance(along, int) and along % len(shape) == axis % len(shape):
                continue
            if known(one, two) and one != two and (layer.op == "cat" or 1 not in (one, two)):
                yield Misfit(other, axis, guess(one), False)
                yield Misfit(first, axis, guess(two), False)
