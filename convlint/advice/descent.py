"""Which tensors are made of the network's inputs, and which of sizes and constants alone."""

from __future__ import annotations

from convlint.network import Network


def descended(network: Network) -> frozenset[str]:
    """The names of the layers whose output depends on the data of an input."""
    found: set[str] = set()
    for layer in network.layers:  # in the order of the calls: sources come first
        if layer.op == "input" or any(t.source and t.source.name in found for t in layer.tensors):
            found.add(layer.name)
    return frozenset(found)
