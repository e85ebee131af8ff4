"""Shapes front to back through a recorded graph, at any sizes, without running `forward` again.

The graph reads its sizes from its inputs, so the same graph answers for another batch or image.
It is the right graph there as long as Python would have taken the same branches: `guards_hold`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from convlint.dims import Unknown
from convlint.network import Guard, Layer, Network
from convlint.replay import (
    COMPARISONS,
    called,
    evaluated,
    looked_up,
    plain_call,
    read,
    sourced,
)
from convlint.tensor import TensorSpec


@dataclass(frozen=True, slots=True)
class Propagated:
    """A network at other sizes, and whether Python would have recorded the same graph there.

    `guards_hold` is None where a branch depends on a size that is not known, and where hooks took
    part, which only run when their module does: then it is the network as it was recorded.
    """

    network: Network
    guards_hold: bool | None


def propagate(network: Network, inputs: Mapping[str, TensorSpec]) -> Propagated:
    """The same layers at other input sizes.

    Args:
        inputs: new specs by the inputs' names; inputs that are not named stay as they were.
    """
    if network.hooked:
        return Propagated(network, None)
    values, done = _flow(network, inputs, network.fx_graph.nodes)
    new = Network(
        tuple(done[layer.name] for layer in network.layers if layer.name in done),
        values.get("output"),
        network.training,
        # Where the guards hold, the same code has run: it has asked, raised and assumed the same.
        raised=network.raised,
        assumptions=network.assumptions,
        guards=network.guards,
        decisions=network.decisions,
        module=network.module,
        fx_graph=network.fx_graph,
    )
    recorded = {layer.name: layer for layer in network.layers}
    if any(_count(layer.output) != _count(recorded[layer.name].output) for layer in new.layers):
        return Propagated(new, False)  # what took the items one by one would take others
    return Propagated(new, _guards(network, values))


def _count(output: Any) -> int:
    """The items of a tuple; 0 for anything else."""
    return len(output) if isinstance(output, tuple) else 0


def answer(network: Network, guard: Guard, inputs: Mapping[str, TensorSpec]) -> bool | None:
    """The answer to one comparison of sizes at other input sizes; None where it is not known.

    The graph is only followed up to there.
    """
    nodes = _leading_to(network, guard)
    if any(node.name in network.hooked for node in nodes):
        return None
    values, _ = _flow(network, inputs, nodes)
    return _answer(guard, values)


def distance(network: Network, guard: Guard) -> int:
    """How many nodes of the graph a comparison of sizes depends on."""
    return len(_leading_to(network, guard))


def _leading_to(network: Network, guard: Guard) -> list[Any]:
    wanted: set[Any] = set()
    pending = [*read(guard.left), *read(guard.right)]
    while pending:
        node = pending.pop()
        if node not in wanted:
            wanted.add(node)
            pending += node.all_input_nodes
    return [node for node in network.fx_graph.nodes if node in wanted]


def _flow(
    network: Network, inputs: Mapping[str, TensorSpec], nodes: Iterable[Any]
) -> tuple[dict[str, Any], dict[str, Layer]]:
    """What comes out of `nodes`, which are in order, and the layers among them."""
    layers = {layer.name: layer for layer in network.layers}
    values: dict[str, Any] = {}
    done: dict[str, Layer] = {}
    for node in nodes:
        layer = layers.get(node.name)
        args, kwargs = looked_up(node.args, values), looked_up(node.kwargs, values)
        if node.op == "output":
            values["output"] = args[0]
        elif node.op == "placeholder" and layer is not None:
            spec = inputs.get(node.name, layer.output)
            done[node.name] = again = layer.at(layer.args, spec)
            values[node.name] = sourced(spec, again)
        elif layer is None:
            values[node.name] = plain_call(node, args, kwargs)
        elif node.op == "get_attr":
            done[node.name] = layer
            values[node.name] = sourced(layer.output, layer)
        else:
            again = called(layer, node, args, kwargs)
            done[node.name] = again
            values[node.name] = sourced(again.output, again)
            if node.op == "call_function" and node.target is operator.setitem:
                values[node.name] = None
    return values, done


def _guards(network: Network, values: Mapping[str, Any]) -> bool | None:
    """Whether every comparison of sizes gives the answer that it gave while recording."""
    certain = True
    for guard in network.guards:
        found = _answer(guard, values)
        if found is None:
            certain = False
        elif found != guard.answer:
            return False
    return True if certain else None


def _answer(guard: Guard, values: Mapping[str, Any]) -> bool | None:
    left, right = evaluated(guard.left, values), evaluated(guard.right, values)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    return COMPARISONS[guard.op](left, right)
