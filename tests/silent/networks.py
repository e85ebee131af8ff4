"""Networks whose output says what was read, and the networks of rules' pages."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.diagnostic import Diagnostic
from convlint.judge import judge
from convlint.rule import rules
from convlint.tensor import TensorSpec
from convlint.testing import examples
from convlint.trace import trace


class Step(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Any, name: str = "") -> None:
        super().__init__()
        self.function, self.name = function, name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.function(x)
        return made

    def extra_repr(self) -> str:
        return self.name


def ones(layer: Any) -> Any:
    """The same layer with weights of one, and a bias of zero."""
    with torch.no_grad():
        layer.weight.fill_(1.0)
        if layer.bias is not None:
            layer.bias.fill_(0.0)
    return layer


def read(module: nn.Module, length: int) -> list[list[int]]:
    """By position of the output, the positions of a one-channel input that it depends on.

    The weights must be positive: the output for an input that is one at `j` and zero elsewhere is
    other than zero exactly where `j` is read.
    """
    with torch.no_grad():
        made = module(torch.eye(length)[:, None])  # a batch: the sample j is one at j
    assert made.dim() == 3
    return [torch.nonzero(column).flatten().tolist() for column in made.abs().sum(1).T]


def said(module: nn.Module, codes: list[str], *shape: int) -> list[Diagnostic]:
    """What the rules `codes` say."""
    return list(judge(trace(module, [TensorSpec(shape, torch.float32)]), codes))


def bad_and_good(code: str) -> tuple[nn.Module, nn.Module]:
    """The networks on a rule's page, in float64 and with positive weights."""
    (rule,) = (r for r in rules() if r.code == code)
    made = []
    for example in examples(rule):
        space: dict[str, Any] = {}
        exec(example.source, space)
        net = space["Net"]().double().eval()
        for parameter in net.parameters():
            nn.init.uniform_(parameter, 0.1, 1.0)
        made.append(net)
    bad, good = made
    return bad, good
