"""Which axes of which tensors carry the batch: asked of the same network at other batch sizes.

An axis that has 2, 6 and 4 elements with batches of 1, 3 and 2 holds the batch twice; one that
keeps its size has nothing to do with it.  Nothing has to be known of the operators in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final, TypeAlias

from convlint.dims import Shape, known
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec

Factors: TypeAlias = tuple[Fraction | None, ...] | None
"""What multiple of the batch every axis of a tensor holds: 0 for none of it, None if unknown."""

ONE: Final = Fraction(1)

_SIZES: Final = (3, 1, 2)
"""Batches to ask about; 3 comes first, since 1 is a size of many things."""

_IMAGES: Final = ("conv", "max_pool", "avg_pool", "adaptive_", "lp_pool", "fractional_")
_NORMS: Final = frozenset({"batch_norm", "instance_norm", "group_norm"})
SEQUENCES: Final = (
    "lstm", "gru", "rnn", "multi_head_attention_forward", "transformer", "transformer_encoder",
    "transformer_decoder",
)  # fmt: skip
"""Operators that read a sequence along axis 0, or along axis 1 if they are `batch_first`."""

RESHAPES: Final = frozenset({"view", "reshape", "view_as", "reshape_as", "flatten", "unflatten"})
"""Operators that read the same elements in the same order with other sizes."""


@dataclass(frozen=True, eq=False)
class Batch:
    """A network's batch: axis 0 of all of its inputs, which agree on the size.

    `others` are the same network by the other batch sizes that the factors are told from.
    """

    network: Network
    size: int
    others: Mapping[int, Network]

    def at(self, size: int) -> Network:
        """The network at the declared batch, or at another one."""
        if size == self.size:
            return self.network
        return self.others[size] if size in self.others else _of(self.network, size)

    def taken(self, layer: Layer) -> tuple[Factors, ...]:
        """The factors of every tensor that a layer takes, in the order of `layer.tensors`."""
        found = [(n, other.counterpart(layer)) for n, other in self.others.items()]
        return self._factors(layer.tensors, [(n, at.tensors) for n, at in found if at is not None])

    def made(self, layer: Layer) -> tuple[Factors, ...]:
        """The factors of every tensor that a layer gives."""
        found = [(n, other.counterpart(layer)) for n, other in self.others.items()]
        return self._factors(layer.outputs, [(n, at.outputs) for n, at in found if at is not None])

    @cached_property
    def given(self) -> tuple[Factors, ...]:
        """The factors of every tensor that the network gives."""
        others = [(n, other.results) for n, other in self.others.items()]
        return self._factors(self.network.results, others)

    def _factors(
        self,
        tensors: Sequence[TensorSpec],
        others: Sequence[tuple[int, Sequence[TensorSpec]]],
    ) -> tuple[Factors, ...]:
        if len(others) < len(self.others) or any(len(o) != len(tensors) for _, o in others):
            return (None,) * len(tensors)
        return tuple(
            factors(self.size, tensor.shape, [(n, other[i].shape) for n, other in others])
            for i, tensor in enumerate(tensors)
        )

    @cached_property
    def is_attested(self) -> bool:
        """Whether axis 0 certainly is the batch: some layer reads it so, or the user says it."""
        return self.network.is_batched or any(self._attests(layer) for layer in self.network.layers)

    @cached_property
    def denials(self) -> tuple[Layer, ...]:
        """The layers that read an axis with the batch in it as the steps of a sequence."""
        return tuple(layer for layer in self.network.layers if self._denies(layer))

    @property
    def is_certain(self) -> bool:
        """Whether axis 0 is read as the batch somewhere, and nowhere as anything else."""
        return self.is_attested and not self.denials

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """The operators behind which an output's axis 0 holds another multiple of the batch."""
        found = {}
        for tensor, axes in zip(self.network.results, self.given, strict=True):
            if axes and axes[0] and axes[0] != ONE:
                change = self._change(tensor)
                if change is not None:
                    found[change.layer.name] = change
        return tuple(found.values())

    @cached_property
    def fixed(self) -> tuple[Change, ...]:
        """The operators behind which an output has as many rows as this batch, at any batch.

        The samples lie along another axis there, or are gone.
        """
        found = {}
        for tensor, axes in zip(self.network.results, self.given, strict=True):
            if axes and axes[0] == 0 and tensor.shape and tensor.shape[0] == self.size:
                change = self._fixing(tensor)
                if change is not None:
                    found[change.layer.name] = change
        return tuple(found.values())

    def _fixing(self, tensor: TensorSpec) -> Change | None:
        """Go back from an output to the operator that took the batch away from axis 0."""
        layer = tensor.source
        while layer is not None:
            carrying = [
                (taken, axes)
                for taken, axes in zip(layer.tensors, self.taken(layer), strict=True)
                if axes and any(axes)
            ]
            if not carrying:
                return None
            before, axes = carrying[0]
            if axes[0]:
                made, after = self.made(layer)[0], layer.outputs[0]
                if axes[0] != ONE or not made or made[0] != 0 or not after.shape:
                    return None
                is_moved = layer.op in RESHAPES and after.shape[0] == self.size and any(made)
                return Change(layer, before, after, made[0]) if is_moved else None
            layer = before.source
        return None

    def _change(self, tensor: TensorSpec) -> Change | None:
        """Go back from an output to where axis 0 held the batch once."""
        layer = tensor.source
        while layer is not None:
            made = self.made(layer)[0]
            rows = [
                (taken, axes[0])
                for taken, axes in zip(layer.tensors, self.taken(layer), strict=True)
                if axes and axes[0]
            ]
            if not rows or made is None or not made or not made[0]:
                return None
            before, factor = max(rows, key=lambda row: row[1])
            if factor == ONE:
                return Change(layer, before, layer.outputs[0], made[0])
            layer = before.source
        return None

    def _denies(self, layer: Layer) -> bool:
        axes = self._steps(layer)
        return axes is not None and bool(axes[0]) and axes[1] == 0

    def _attests(self, layer: Layer) -> bool:
        if layer.op in SEQUENCES:
            axes = self._steps(layer)
            if axes is None:
                first = bool(layer.args["batch_first"]) and layer.tensors
                axes = self.taken(layer)[0] if first else None
                return bool(axes) and len(axes or ()) == 3 and bool(axes and axes[0])
            return bool(axes[1]) and axes[0] == 0
        images = layer.op.startswith(_IMAGES) or layer.op in _NORMS
        if not (images or _keeps_rows(layer)):
            return False
        axes = self.taken(layer)[0]
        return axes is not None and len(axes) >= (3 if images else 2) and bool(axes[0])

    def _steps(self, layer: Layer) -> Factors:
        """The axes of what a layer takes that reads the steps of a sequence along axis 0."""
        if layer.op not in SEQUENCES or layer.args["batch_first"] or not layer.tensors:
            return None
        axes = self.taken(layer)[0]
        return axes if axes is not None and len(axes) == 3 else None


@dataclass(frozen=True, slots=True)
class Change:
    """`layer` takes the batch once along axis 0 of `before`, and gives it `factor` times there."""

    layer: Layer
    before: TensorSpec
    after: TensorSpec
    factor: Fraction


def factors(size: int, shape: Shape | None, others: Sequence[tuple[int, Shape | None]]) -> Factors:
    """What multiple of the batch the axes of a tensor hold.

    Args:
        size: the batch with which it has this `shape`.
        others: its shapes with other batches.
    """
    if shape is None or any(o is None or len(o) != len(shape) for _, o in others):
        return None
    return tuple(
        _factor([(size, n), *((batch, o[axis]) for batch, o in others if o is not None)])
        for axis, n in enumerate(shape)
    )


def _factor(sizes: Sequence[tuple[int, object]]) -> Fraction | None:
    numbers = [(batch, n) for batch, n in sizes if isinstance(n, int)]
    if len(numbers) < len(sizes):
        return None
    batch, first = numbers[0]
    if all(n == first for _, n in numbers):
        return Fraction(0)
    if all(n * batch == first * other for other, n in numbers):
        return Fraction(first, batch)
    return None


def dropping(batch: Batch) -> tuple[Layer, ...]:
    """The `squeeze()` without a dimension that take a single sample's batch axis with them."""
    return tuple(
        layer
        for layer in batch.network.layers
        if layer.op == "squeeze" and layer.args.get("dim") is None and _drops(batch, layer)
    )


def _drops(batch: Batch, layer: Layer) -> bool:
    one, several = (batch.at(n).counterpart(layer) for n in (1, max(batch.size, *batch.others)))
    if one is None or several is None or not one.tensors or not several.tensors:
        return False
    before, after = one.tensors[0].shape, one.outputs[0].shape
    kept, stays = several.tensors[0].shape, several.outputs[0].shape
    if not before or after is None or not kept or not stays or not known(*before):
        return False
    return before[0] == 1 and kept[0] != 1 and len(after) < len(stays)


def _keeps_rows(layer: Layer) -> bool:
    """Whether a layer makes rows of all but axis 0: `x.flatten(1)`, `nn.Flatten()`."""
    return layer.op == "flatten" and layer.args.get("start_dim") == 1


def batch_of(network: Network) -> Batch | None:
    """The batch of a network, asked about at two other sizes; None where it cannot be told.

    Axis 0 of all inputs must agree.  A matrix with equal sides is no help: either could be it.
    """
    shapes = [layer.output.shape for layer in network.inputs]
    tensors = [shape for shape in shapes if shape]
    if network.again is None or not tensors or len(tensors) < len(shapes):
        return None
    size = tensors[0][0]
    if not isinstance(size, int) or size < 1 or any(s[0] != size for s in tensors[1:]):
        return None
    if not all(known(*s) for s in tensors) or any(s[1:2] == (size,) == s[1:] for s in tensors):
        return None
    others = [n for n in _SIZES if n != size][:2]
    return Batch(network, size, {n: _of(network, n) for n in others})


def _of(network: Network, size: int) -> Network:
    """The same network with inputs of another batch."""
    assert network.again is not None
    sizes = {
        layer.name: layer.output.with_shape((size, *layer.output.shape[1:]))
        for layer in network.inputs
    }
    return network.again(sizes, None)
