"""A finding with the layer that it is about, and the source around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import libcst as cst

from convlint.diagnostic import Diagnostic
from convlint.fix.source import Site, Sources
from convlint.network import Layer, Network

_BACK: Final = 8
"""How many layers before the one that complains are looked at."""

_USES: Final = (cst.Call, cst.Subscript, cst.BinaryOperation)


@dataclass(frozen=True, eq=False)
class Fault:
    """A finding with the layer it is about, and the source around it."""

    found: Diagnostic
    layer: Layer | None
    network: Network
    sources: Sources

    @cached_property
    def definition(self) -> Site | None:
        """The expression that made the layer, where the user's own code did."""
        return self.sources.site(self.layer.definition_frames) if self.layer is not None else None

    @cached_property
    def call(self) -> Site | None:
        """The expression of `forward` that called it, or that the finding points to."""
        if self.layer is not None:
            return self.sources.site(self.layer.frames)
        place = self.found.location
        tree = self.sources.tree(place.filename) if place is not None else None
        node = tree.running(place) if tree is not None and place is not None else None
        if tree is not None and isinstance(node, (cst.Name, cst.Attribute)):
            # What is read there is read for something: a call of what a tuple does not have.
            node = next((n for n in tree.around(node) if isinstance(n, _USES)), node)
        return Site(self.sources, tree, node, ()) if tree is not None and node is not None else None

    @property
    def calls(self) -> Iterator[Site]:
        """The call, then those of its layer and of the layers before it, the nearest first."""
        sites = [self.call]
        if self.layer is not None:
            sites += [self.sources.site(layer.frames) for layer in before(self.layer)]
        yield from (site for site in sites if site is not None)


def faults(found: Iterable[Diagnostic], network: Network) -> Iterator[Fault]:
    """The findings with their layers."""
    sources = Sources()
    for one in found:
        yield Fault(one, _layer(one, network), network, sources)


def _layer(found: Diagnostic, network: Network) -> Layer | None:
    """The layer of a finding: at its place, of its path and its shapes."""
    shown = [*found.places, *(label.location for label in found.related)]
    best, most = None, 0
    for layer in network.layers:
        if layer.call is None:
            continue
        points = 4 * (layer.call in shown) + 2 * (layer.definition in shown)
        points += layer.path == found.layer
        shapes = tuple(str(t) for t in layer.tensors if layer.module is None or t.source)
        points += 2 * (bool(shapes) and shapes == found.input_shapes)
        if points > max(most, 2):
            best, most = layer, points
    return best


def before(layer: Layer) -> Iterator[Layer]:
    """The layer and those that its tensors come from, the nearest first."""
    pending, seen = [layer], set()
    for _ in range(_BACK):
        if not pending:
            return
        one = pending.pop(0)
        if one.name in seen or one.op in ("input", "parameter", "buffer", "constant"):
            continue
        seen.add(one.name)
        yield one
        pending += [t.source for t in one.tensors if t.source is not None]
