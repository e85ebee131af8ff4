"""The networks on a rule's page, to be run for real."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.rule import rules
from convlint.testing import examples

torch.set_num_threads(1)


def networks(code: str, wrong: bool) -> list[tuple[nn.Module, torch.Tensor]]:
    """The networks on the page of a rule in which it speaks (or nothing does), with an input."""
    rule = next(r for r in rules() if r.code == code)
    found = []
    for example in examples(rule):
        if any(c == code for _, _, c in example.expected) == wrong:
            names: dict[str, Any] = {"__name__": "example"}
            exec(example.source, names)
            torch.manual_seed(0)
            sizes = example.line.inputs[0].shape
            assert sizes is not None
            found.append((names[example.line.target](), torch.randn(sizes)))
    assert found
    return found


def without_gradient(network: nn.Module, x: torch.Tensor) -> set[str]:
    """The parameters that get no gradient in training nor in evaluation."""
    left = {name for name, _ in network.named_parameters()}
    for mode in (True, False):
        network.train(mode)
        network.zero_grad(set_to_none=True)
        result = network(x)
        results = result if isinstance(result, tuple) else (result,)
        sum(r.square().sum() for r in results).backward()
        left &= {name for name, p in network.named_parameters() if p.grad is None}
    return left
