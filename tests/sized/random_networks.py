"""The random networks of `tests.composed`, with letters for the sizes of their inputs."""

from __future__ import annotations

import types
from collections.abc import Callable

import torch
from torch import nn

from benchmarks.sizes.comparison import Called, Shape
from tests.composed.network import Network
from tests.composed.strategy import seeded

_LETTERS = ("H", "W")


def drawn(seed: int) -> tuple[Network, Called | None]:
    """The network of a seed; None where it cannot be made."""
    network = seeded(seed)
    make = _maker(network, seed)
    try:
        with torch.device("meta"):
            net = make()
    except Exception:
        return network, None
    shapes: list[tuple[Shape, torch.dtype]] = []
    usual: dict[str, int] = {}
    for given in network.inputs:
        axes = 2 if len(given.shape) >= 3 else 1
        letters = _LETTERS[-axes:]
        sizes = given.shape[-axes:]
        known = {x: n for x, n in zip(letters, sizes, strict=True) if usual.get(x, n) == n}
        usual |= known
        shape = tuple(
            letter if letter in known else n for letter, n in zip(letters, sizes, strict=True)
        )
        shapes.append(((*given.shape[:-axes], *shape), given.dtype))
    return network, Called(net, tuple(shapes), usual, make)


def _maker(network: Network, seed: int) -> Callable[[], nn.Module]:
    module = types.ModuleType(f"sized_{seed}")
    exec(compile(network.source, f"sized_{seed}.py", "exec"), module.__dict__)

    def make() -> nn.Module:
        torch.manual_seed(0)
        net: nn.Module = module.Net()
        return net.train(network.training)

    return make
