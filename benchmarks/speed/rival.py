"""The other ways to a network's shapes: `python -m benchmarks.speed.rival NAME FILE SIZES`.

Each is run in a process of its own, on the same file and input as convlint.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Rival = Callable[[type[nn.Module], list[int]], Any]
RIVALS: dict[str, Rival] = {}


def rival(function: Rival) -> Rival:
    """Register one by its function's name.

    Raises:
        ValueError: there is one of this name.
    """
    if function.__name__ in RIVALS:
        raise ValueError(f"{function.__name__} is registered twice")
    RIVALS[function.__name__] = function
    return function


@rival
def built(make: type[nn.Module], sizes: list[int]) -> Any:
    """Nothing but the network, made by torch on the meta device: what every tool needs."""
    with torch.device("meta"):
        return make()


@rival
def torchinfo(make: type[nn.Module], sizes: list[int]) -> Any:
    """torchinfo's summary, on the meta device."""
    import torchinfo

    with torch.device("meta"):
        model = make()
    return torchinfo.summary(model, input_size=sizes, device="meta", verbose=0)


@rival
def fake(make: type[nn.Module], sizes: list[int]) -> Any:
    """A forward of FakeTensors.

    The network is built on the meta device, for its initialisation may read values.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    with torch.device("meta"):
        model = make().eval()
        with FakeTensorMode(allow_non_fake_inputs=True):
            return model(torch.empty(sizes)).shape


@rival
def export(make: type[nn.Module], sizes: list[int]) -> Any:
    """`torch.export`, on the meta device."""
    with torch.device("meta"):
        return torch.export.export(make().eval(), (torch.empty(sizes),))


@rival
def forward(make: type[nn.Module], sizes: list[int]) -> Any:
    """A real forward on the CPU, with real weights."""
    with torch.no_grad():
        return make().eval()(torch.randn(sizes)).shape


if __name__ == "__main__":
    name, path, given = sys.argv[1:]
    RIVALS[name](runpy.run_path(path)["Net"], [int(n) for n in given.split(",")])
