"""Tracing: a module and its inputs become a `Network`.  torch.fx is used here only."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Any, Final

import torch
import torch.fx
from torch import nn

from convlint.network import Answers, Network
from convlint.propagate import propagate
from convlint.tensor import TensorSpec
from convlint.trace.construct import ConstructionError, build
from convlint.trace.mode import TraceMode
from convlint.trace.modules import noted_definitions, traced_calls
from convlint.trace.patches import patched
from convlint.trace.plain import keeping
from convlint.trace.recorder import Recorder, Restart
from convlint.trace.state import restored
from convlint.trace.structure import structured
from convlint.trace.watch import Watch

__all__ = ["ConstructionError", "build", "graph_module", "trace"]

_RESTARTS: Final = 6


def trace(
    module: nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    training: bool = False,
    names: Sequence[str] = (),
    watch: Watch | None = None,
) -> Network:
    """Record `module.forward` over data-less inputs, and leave the module as it was.

    Args:
        args: positional inputs; a `TensorSpec` becomes a tensor without data, anything else
            (also nested in lists, tuples, dicts and dataclasses) is handed over as it is.
        kwargs: the same by parameter name.
        training: whether the module is put into training mode first.
        names: what to call the positional inputs.
        watch: is entered while `forward` runs.

    Returns:
        All layers, also behind a fault, with what the user's code raised, if it did.  Its `again`
        takes the recorded graph to other sizes where Python would take the same branches there,
        and traces anew where it would not, or in the other mode.
    """
    plain: dict[int, dict[str, Any]] = {}

    def anew(
        given: Mapping[str, TensorSpec],
        mode: bool,
        decided: Answers,
        watch: Watch | None,
    ) -> Network:
        for last in (False,) * _RESTARTS + (True,):
            known = len(plain)
            with suppress(Restart), restored(module):
                recorder = Recorder(module)
                recorder.escapes = plain
                recorder.may_restart = not last
                recorder.given = given
                recorder.answers = decided
                module.train(mode)
                network = _trace(recorder, module, args, kwargs or {}, mode, names, watch)
                if len(plain) == known:
                    break

        def again(
            inputs: Mapping[str, TensorSpec] | None = None,
            training: bool | None = None,
            *,
            answers: Answers | None = None,
            watch: Watch | None = None,
        ) -> Network:
            if training in (None, mode) and answers is None and watch is None:
                found = propagate(network, inputs or {})
                if found.guards_hold:
                    return found.network
            wanted = mode if training is None else training
            return anew(
                {**given, **(inputs or {})}, wanted, decided if answers is None else answers, watch
            )

        return dataclasses.replace(network, again=again)

    return anew({}, training, {}, watch)


def graph_module(network: Network) -> torch.fx.GraphModule:
    """The traced network as a module that runs on real data.

    Also where it calls modules that it has not registered (made in forward, in a plain list).
    """
    graph, module = network.fx_graph, network.module
    if module is None or graph is None:
        raise ValueError("the network was not traced")
    if not network.held:
        return torch.fx.GraphModule(module, graph)
    root: dict[str, Any] = {}
    for node in graph.nodes:
        if node.op == "get_attr" or node.op == "call_module":
            held = network.held.get(node.target)
            root[node.target] = held if held is not None else _attribute(module, node.target)
    made = torch.fx.GraphModule(root, graph)
    made.train(module.training)
    return made


def _attribute(module: nn.Module, path: str) -> Any:
    value: Any = module
    for part in path.split("."):
        value = getattr(value, part)
    return value


def _trace(
    recorder: Recorder,
    module: nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    training: bool,
    names: Sequence[str],
    watch: Watch | None,
) -> Network:
    mode = TraceMode(recorder) if watch is None else TraceMode.watched(recorder, watch)
    positional = [
        _enter(recorder, names[i] if i < len(names) else f"input_{i}", a)
        for i, a in enumerate(args)
    ]
    keywords = {k: _enter(recorder, k, v) for k, v in kwargs.items()}
    try:
        with (
            patched(recorder),
            keeping(recorder),
            noted_definitions() as made,
            mode,
            traced_calls(recorder, mode, watch),
            watch or nullcontext(),
        ):
            returned = module(*positional, **keywords)
        result = _plain(returned)
        outputs = recorder.specs(result)
        recorder.graph.output(recorder.nodes(result))
        recorder.finish()
        structure = structured(recorder, made)
    finally:
        recorder.restore()
    return Network(
        tuple(recorder.layers),
        outputs,
        training,
        tuple(recorder.raised),
        tuple(recorder.assumptions),
        tuple(recorder.guards),
        tuple(recorder.decisions),
        module,
        recorder.graph,
        recorder.held,
        frozenset(recorder.hooked),
        structure=structure,
    )


def _enter(recorder: Recorder, name: str, value: Any) -> Any:
    if isinstance(value, TensorSpec):
        return recorder.input(name, value)
    if isinstance(value, dict):
        return {k: _enter(recorder, f"{name}_{k}", v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        items = [_enter(recorder, f"{name}_{i}", v) for i, v in enumerate(value)]
        if isinstance(value, list):
            return items
        return tuple.__new__(type(value), items) if hasattr(value, "_fields") else tuple(items)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        entered = copy.copy(value)
        for field in dataclasses.fields(value):
            held = _enter(recorder, f"{name}_{field.name}", getattr(value, field.name, None))
            object.__setattr__(entered, field.name, held)
        return entered
    return value


def _plain(value: Any) -> Any:
    """Outputs as fx takes them: dataclasses and other objects by their fields."""
    if isinstance(value, (torch.Tensor, int, float, str, bool, type(None))):
        return value
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_plain(v) for v in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name, None)) for f in dataclasses.fields(value)}
    return None
