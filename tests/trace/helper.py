"""A network is run for real, traced, and its recorded graph is run for real."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from convlint.network import Network
from convlint.tensor import TensorSpec
from convlint.trace import build, graph_module, trace
from tests.oracle import same_output

torch.set_num_threads(1)


def spec_of(value: Any) -> Any:
    """Real inputs as specs, in the same structure."""
    if isinstance(value, torch.Tensor):
        return TensorSpec(tuple(value.shape), value.dtype)
    if isinstance(value, dict):
        return {k: spec_of(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        items = [spec_of(v) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value, **{f.name: spec_of(getattr(value, f.name)) for f in dataclasses.fields(value)}
        )
    return value


def plain(value: Any) -> Any:
    """Outputs in containers that compare: fields of dataclasses, lists for tuples."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def tensors(value: Any) -> list[torch.Tensor]:
    """The tensors of an input or output, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        return [t for v in value.values() for t in tensors(v)]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in tensors(v)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [t for f in dataclasses.fields(value) for t in tensors(getattr(value, f.name))]
    return []


def traced(model: nn.Module, *inputs: Any, training: bool = False, **named: Any) -> Network:
    """The network of a ready model."""
    names = list(inspect.signature(model.forward).parameters)
    specs = [spec_of(i) for i in inputs]
    return trace(model, specs, {k: spec_of(v) for k, v in named.items()}, training, names)


def follow(
    make: Callable[[], nn.Module],
    *inputs: Any,
    graph: bool = True,
    other: tuple[Any, ...] = (),
    **named: Any,
) -> Network:
    """Assert that a network's traced output is that of a real run, and so is its graph's.

    Args:
        make: gives the network.
        graph: whether the recorded graph is run on the inputs, which must give the same.
        other: further inputs, of other sizes, for which the recorded graph must be true as well.
        named: inputs by name.
    """
    torch.manual_seed(0)
    model = make().eval()
    before = {k: v.clone() for k, v in model.state_dict().items()} if not _is_lazy(model) else {}
    network = traced(model, *inputs, **named)
    for key, value in model.state_dict().items():
        if before:
            assert torch.equal(value, before[key]), f"tracing has changed {key}"
    torch.manual_seed(0)
    answer = run(make().eval(), *inputs, **named)
    assert not network.raised, network.raised
    same_output(_listed(network.outputs), plain(answer))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataless = traced(build(make), *inputs, **named)
    assert not dataless.raised, dataless.raised
    same_output(_listed(dataless.outputs), plain(answer))
    if graph:
        true_graph(network, model, *inputs, **named)
        if other:
            true_graph(network, model, *other)
    return network


def true_graph(network: Network, model: nn.Module, *inputs: Any, **named: Any) -> None:
    """Assert that the recorded graph computes what the model does."""
    expected = tensors(plain(run(model, *copy.deepcopy(inputs), **copy.deepcopy(named))))
    given = [t for i in (*inputs, *named.values()) for t in tensors(i)]
    module = graph_module(network).eval()
    torch.manual_seed(1)
    with torch.no_grad():
        got = tensors(module(*copy.deepcopy(given)))
    assert len(got) == len(expected)
    for mine, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(mine, theirs, equal_nan=True, check_stride=False)


def run(model: nn.Module, *inputs: Any, **named: Any) -> Any:
    """The model's own output, the same every time."""
    torch.manual_seed(1)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model(*inputs, **named)


def ops(network: Network) -> list[str]:
    """What was called, in order, without inputs, parameters and constants."""
    return [
        layer.op
        for layer in network.layers
        if layer.op not in ("input", "parameter", "buffer", "constant")
    ]


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _listed(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [_listed(v) for v in value]
    return value


def _is_lazy(model: nn.Module) -> bool:
    return any(isinstance(p, nn.parameter.UninitializedTensorMixin) for p in model.parameters())
