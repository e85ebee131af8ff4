"""A smaller network that disagrees in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.composed.network import Network


def reduced(network: Network, disagrees: Callable[[Network], bool]) -> Network:
    """The network without all steps and inputs that do not matter to `disagrees`."""
    for smaller in _smaller(network):
        if disagrees(smaller):
            return reduced(smaller, disagrees)
    return network


def _smaller(network: Network) -> Iterator[Network]:
    """One step less: a half of them, then each, with its operand in its place."""
    steps = network.steps
    if len(steps) > 3:
        yield replace(network, steps=steps[: len(steps) // 2])
    for at in reversed(range(len(steps))):
        left = (*steps[:at], *steps[at + 1 :])
        number = steps[at].number
        if not any(number in step.operands for step in left):
            yield replace(network, steps=left)
        for operand in steps[at].operands:
            yield replace(network, steps=tuple(s.reading({number: operand}) for s in left))
    used = {number for step in steps for number in step.operands}
    inputs = tuple(i for i in network.inputs if i.number in used)
    if inputs and inputs != network.inputs:
        yield replace(network, inputs=inputs)
