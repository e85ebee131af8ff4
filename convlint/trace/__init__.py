"""Tracing: a module and its inputs become a `Network`.  torch.fx is used here only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from convlint.network import Network
from convlint.tensor import TensorSpec
from convlint.trace.construct import ConstructionError, build
from convlint.trace.mode import TraceMode
from convlint.trace.modules import traced_calls
from convlint.trace.patches import patched
from convlint.trace.recorder import Recorder

__all__ = ["ConstructionError", "build", "trace"]


def trace(
    module: nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    training: bool = False,
    names: Sequence[str] = (),
) -> Network:
    """Record `module.forward` over data-less inputs.

    Args:
        args: positional inputs; a `TensorSpec` becomes a tensor without data, anything else
            (also nested in lists, tuples and dicts) is handed over as it is.
        kwargs: the same by parameter name.
        training: whether the module is put into training mode first.
        names: what to call the positional inputs.

    Returns:
        All layers, also behind a fault, with what the user's code raised, if it did.
    """
    was_training = {m: m.training for m in module.modules()}
    module.train(training)
    recorder = Recorder(module)
    mode = TraceMode(recorder)
    positional = [
        _enter(recorder, names[i] if i < len(names) else f"input_{i}", a)
        for i, a in enumerate(args)
    ]
    keywords = {k: _enter(recorder, k, v) for k, v in (kwargs or {}).items()}
    try:
        with patched(), mode, traced_calls(recorder, mode):
            result = module(*positional, **keywords)
        outputs = recorder.specs(result)
        recorder.graph.output(recorder.nodes(_plain(result)))
    finally:
        for part, flag in was_training.items():
            part.training = flag
    return Network(
        tuple(recorder.layers),
        outputs,
        training,
        tuple(recorder.raised),
        tuple(recorder.assumptions),
        tuple(recorder.guards),
        module,
        recorder.graph,
    )


def _enter(recorder: Recorder, name: str, value: Any) -> Any:
    if isinstance(value, TensorSpec):
        return recorder.input(name, value)
    if isinstance(value, dict):
        return {k: _enter(recorder, f"{name}_{k}", v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        items = [_enter(recorder, f"{name}_{i}", v) for i, v in enumerate(value)]
        return items if isinstance(value, list) else tuple(items)
    return value


def _plain(value: Any) -> Any:
    """Outputs as fx takes them: dataclasses and other objects by their fields."""
    if isinstance(value, (torch.Tensor, int, float, str, bool, type(None))):
        return value
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_plain(v) for v in value)
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return None
