"""The networks on a rule's own page, as real modules."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.rule import rules
from convlint.spec import InputSpec
from convlint.testing import Example, examples


def networks(code: str, *, faulty: bool) -> list[tuple[nn.Module, list[torch.Tensor]]]:
    """The networks where the rule speaks (or not), with random inputs of the declared sizes."""
    (rule,) = (rule for rule in rules() if rule.code == code)
    return [_made(example) for example in examples(rule) if bool(example.expected) == faulty]


def _made(example: Example) -> tuple[nn.Module, list[torch.Tensor]]:
    torch.manual_seed(0)
    names: dict[str, Any] = {}
    exec(compile(example.source, "example", "exec"), names)
    module: nn.Module = eval(example.line.target, names)()
    training = "train" in example.line.modes
    return module.train(training), [_data(spec) for spec in example.line.inputs]


def _data(spec: InputSpec) -> torch.Tensor:
    assert spec.shape is not None
    dtype = getattr(torch, spec.dtype)
    if dtype.is_floating_point:
        return torch.randn(spec.shape, dtype=dtype)
    return torch.randint(0, 8, spec.shape, dtype=dtype)
