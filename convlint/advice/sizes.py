"""The same network at other sizes than the declared ones, where equal sizes may hide a fault."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from convlint.advice.batch import batch_of
from convlint.advice.reshaping import is_repaired
from convlint.dims import show
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec


@dataclass(frozen=True, eq=False)
class Probe:
    """A network at other input sizes; `what` says which, as in "with batch 3"."""

    what: str
    network: Network

    def counterpart(self, layer: Layer) -> Layer | None:
        """The same call there; None from the first reshape on that these sizes make impossible."""
        found = self.network.counterpart(layer)
        return found if found is not None and found.name not in self._lost else None

    @functools.cached_property
    def _lost(self) -> frozenset[str]:
        layers = itertools.dropwhile(lambda one: not is_repaired(one), self.network.layers)
        return frozenset(layer.name for layer in layers)


def other_batches(network: Network) -> tuple[Probe, ...]:
    """The network at two other batch sizes, of which one is larger than 1."""
    batch = network.analysis(batch_of)
    if batch is None:
        return ()
    return tuple(Probe(f"with batch {n}", other) for n, other in batch.others.items() if n != 1)


def other_sizes(network: Network) -> tuple[Probe, ...]:
    """The network with larger, non-square images, and with one step more of every sequence."""
    if network.again is None or any(not layer.output.known for layer in network.inputs):
        return ()
    found = []
    for sizes in (_images(network), _steps(network, 1), _steps(network, 2)):
        if sizes:
            what = ", ".join(show(spec.shape) for spec in sizes.values())
            found.append(Probe(f"with an input of {what}", network.again(sizes, None)))
    return tuple(found)


def _images(network: Network) -> Mapping[str, TensorSpec]:
    """Larger images, and whatever else has the same sides; sides stay multiples of the same."""
    shapes = [layer.output.shape for layer in network.inputs if (layer.output.rank or 0) >= 4]
    if not shapes:
        return {}
    height, width = shapes[0][-2:]
    larger = {-2: height + _unit(height), -1: width + 2 * _unit(width)}
    found = {}
    for layer in network.inputs:
        spec = layer.output
        if len(spec.shape) >= 3 and spec.shape[-2:] == (height, width):
            found[layer.name] = spec.with_shape((*spec.shape[:-2], larger[-2], larger[-1]))
    return found


def _unit(size: int) -> int:
    """The largest power of two, up to 32, that divides a side."""
    return next(unit for unit in (32, 16, 8, 4, 2, 1) if size % unit == 0)


def _steps(network: Network, axis: int) -> Mapping[str, TensorSpec]:
    """One more along an axis of inputs that are no images: (N, T), (N, T, F), (N, C, L)."""
    sequences = [layer for layer in network.inputs if _is_sequence(layer.output, axis)]
    if not sequences:
        return {}
    size = sequences[0].output.shape[axis]
    found = {}
    for layer in sequences:
        shape = layer.output.shape
        if shape[axis] == size:
            longer = (*shape[:axis], size + 1, *shape[axis + 1 :])
            found[layer.name] = layer.output.with_shape(longer)
    return found


def _is_sequence(spec: TensorSpec, axis: int) -> bool:
    whole = spec.dtype is not None and not spec.dtype.is_floating_point
    return spec.rank == 3 or (spec.rank == 2 and whole and axis == 1)
