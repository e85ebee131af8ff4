"""The oracle is torch: the same call is run for real on the CPU, and traced."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

os.environ["CONVLINT_STRICT"] = "1"  # a shape function that fails is a failing test

import torch
from torch import nn

from convlint.diagnostic import Diagnostic, Severity
from convlint.judge import judge
from convlint.network import Network
from convlint.rule import rules, silent
from convlint.tensor import CONTIGUOUS, TensorSpec
from convlint.trace import build, trace

torch.set_num_threads(1)

Spec = tuple[Sequence[int], torch.dtype]


class Call(nn.Module):
    """A network of one call."""

    def __init__(self, call: Callable[..., Any]) -> None:
        super().__init__()
        self.call = call

    def forward(self, *inputs: Any) -> Any:
        return self.call(*inputs)


def real(spec: Spec) -> torch.Tensor:
    """A tensor with data: small values, so that they are legal indices as well."""
    shape, dtype = spec
    if dtype is torch.bool:
        return torch.ones(tuple(shape), dtype=dtype)
    if dtype.is_floating_point or dtype.is_complex:
        return torch.rand(tuple(shape)).to(dtype)
    return torch.zeros(tuple(shape), dtype=dtype)


def torch_says(
    make: Callable[[], Callable[..., Any]], specs: Sequence[Spec], training: bool
) -> Any:
    """What a real run gives: the output, or the exception."""
    call = make()
    if isinstance(call, nn.Module):
        call.train(training)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            return call(*[real(s) for s in specs])
    except Exception as exc:
        return exc


def convlint_says(
    make: Callable[[], Callable[..., Any]], specs: Sequence[Spec], training: bool = False
) -> tuple[Network, list[Diagnostic]]:
    """The traced network and the errors found in it."""

    def construct() -> nn.Module:
        call = make()
        return call if isinstance(call, nn.Module) else Call(call)

    inputs = [TensorSpec(tuple(shape), dtype) for shape, dtype in specs]
    network = trace(build(construct), inputs, training=training)
    asked = [rule.code for rule in rules() if rule.default and not rule.silent]
    return network, raising(judge(network, asked))


def raising(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those that say that torch raises: errors, but by rules about what torch runs."""
    runs = silent()
    return [d for d in found if d.severity is Severity.ERROR and d.code not in runs]


def agree(
    make: Callable[[], Callable[..., Any]],
    specs: Sequence[Spec],
    training: bool = False,
    rule: str | None = None,
) -> None:
    """Assert that convlint reports an error if and only if torch raises, and the same output.

    `make` gives a fresh callable or module (as `lambda: nn.Conv2d(3, 8, 3)`); if it raises
    itself, nothing is compared.  `rule` is the code that must explain a failure, if given.
    """
    try:
        answer = torch_says(make, specs, training)
    except Exception:
        return  # the constructor refuses
    network, errors = convlint_says(make, specs, training)
    for layer in network.layers:  # also where torch raises: what follows is judged with it
        sizes = [n for spec in layer.outputs for n in spec.shape or () if isinstance(n, int)]
        assert all(n >= 0 for n in sizes), layer
    told = [f"{d.code} {d.message}" for d in errors]
    if isinstance(answer, Exception):
        assert told, f"torch raises {answer!r}; convlint is silent: {network.layers[-1]}"
        assert rule is None or rule in {d.code for d in errors}, told
        return
    assert not told, f"torch runs; convlint reports {told}"
    assert not network.raised, network.raised
    same_output(network.outputs, answer)


def same_output(spec: Any, answer: Any) -> None:
    """Assert that what is known of the output is what torch gives."""
    if isinstance(answer, torch.Tensor):
        assert isinstance(spec, TensorSpec), (spec, answer.shape)
        assert spec.shape is not None, "the shape is not known"
        assert tuple(spec.shape) == tuple(answer.shape), (spec.shape, answer.shape)
        assert spec.dtype is None or spec.dtype == answer.dtype, (spec.dtype, answer.dtype)
        if spec.strides == CONTIGUOUS:
            assert answer.is_contiguous(), answer.stride()
        elif spec.strides is not None and answer.numel() > 1:
            strides = zip(answer.shape, spec.strides, answer.stride(), strict=True)
            assert all(a == b for n, a, b in strides if n > 1), (spec.strides, answer.stride())
    elif isinstance(answer, (tuple, list)):
        assert len(spec) == len(answer)
        for one, other in zip(spec, answer, strict=True):
            same_output(one, other)
    elif isinstance(answer, dict):
        for key, other in answer.items():
            same_output(spec[key], other)
