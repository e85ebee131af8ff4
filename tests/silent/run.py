"""The networks on a rule's page, as torch runs them and as convlint sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from convlint.network import Network
from convlint.tensor import TensorSpec
from convlint.trace import build, trace
from tests.silent.examples import networks


@dataclass(frozen=True)
class Run:
    """An example's network with random weights, and random inputs for it."""

    net: Any
    inputs: list[torch.Tensor]
    is_bad: bool
    """Whether the page says that the rule speaks."""

    def traced(self) -> Network:
        """The same network as convlint sees it."""
        specs = [TensorSpec(tuple(x.shape), x.dtype) for x in self.inputs]
        return trace(build(type(self.net)), specs)


def runs(code: str) -> Iterator[Run]:
    """Every example on the page of a rule."""
    for faulty in (True, False):
        for net, inputs in networks(code, faulty=faulty):
            yield Run(net, inputs, faulty)
