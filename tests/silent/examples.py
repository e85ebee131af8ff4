"""The networks on a rule's own page, as real modules."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.rule import rules
from convlint.spec import parse
from convlint.testing import Example, examples


def networks(code: str, *, faulty: bool) -> list[tuple[nn.Module, list[torch.Tensor]]]:
    """The networks where the rule speaks (or not), with random inputs of the declared sizes."""
    (rule,) = (rule for rule in rules() if rule.code == code)
    return [_made(example) for example in examples(rule) if bool(example.expected) == faulty]


def _made(example: Example) -> tuple[nn.Module, list[torch.Tensor]]:
    torch.manual_seed(0)
    names: dict[str, Any] = {}
    exec(compile(example.source, "example", "exec"), names)
    module: nn.Module = eval(example.target, names)()
    return module.train(example.training), [_data(text) for text in example.inputs]


def _data(text: str) -> torch.Tensor:
    spec = parse(text)
    dtype = getattr(torch, spec.dtype)
    if dtype.is_floating_point:
        return torch.randn(spec.shape, dtype=dtype)
    return torch.randint(0, 8, spec.shape, dtype=dtype)
