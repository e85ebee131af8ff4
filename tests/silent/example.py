"""The networks on a rule's page, to be run with real weights on real data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from convlint.rule import Rule, rules
from convlint.tensor import TensorSpec
from convlint.testing import examples
from convlint.trace import build, trace


@dataclass(frozen=True)
class Run:
    """An example's network with random weights, and random inputs for it."""

    net: Any
    inputs: list[torch.Tensor]
    is_bad: bool
    """Whether the page says that the rule speaks."""

    def traced(self) -> Any:
        """The same network as convlint sees it."""
        specs = [TensorSpec(tuple(x.shape), x.dtype) for x in self.inputs]
        return trace(build(type(self.net)), specs)


def rule_of(code: str) -> Rule:
    """The rule with this code."""
    return next(rule for rule in rules() if rule.code == code)


def runs(code: str) -> Iterator[Run]:
    """Every example on the page of a rule."""
    for example in examples(rule_of(code)):
        space: dict[str, Any] = {}
        exec(compile(example.source, f"<{code}>", "exec"), space)  # a page of our own
        torch.manual_seed(0)
        net = space[example.target]()
        assert isinstance(net, nn.Module)
        inputs = [torch.randn([int(n) for n in text.split(",")]) for text in example.inputs]
        yield Run(net.eval(), inputs, any(found == code for _, _, found in example.expected))
