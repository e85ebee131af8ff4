"""What of a network is used: read off the recorder when `forward` has come to its end."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, Final

import torch.fx
from torch import nn
from torch.nn.parameter import is_lazy

from convlint.network import Layer
from convlint.structure import Loose, Lost, Structure
from convlint.trace.modules import definition, dropped
from convlint.trace.recorder import Recorder

_OWN_REFERENCES: Final = 2
"""To a stand-in that only the recorder holds: its `Value`, and the argument of `getrefcount`."""
_SOURCES: Final = frozenset({"input", "parameter", "buffer", "constant"})
_ENDS: Final = ("output", "placeholder", "get_attr")
"""Nodes that need nobody to take them."""
_FRESH: Final = frozenset(
    {"linear", "batch_norm", "instance_norm", "group_norm", "layer_norm", "matmul", "add", "mul",
     "sub", "div", "cat", "relu", "interpolate"}
)  # fmt: skip
"""Operators, besides windows, whose result is no view of what came in."""
_RANDOM: Final = (
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout,
)  # fmt: skip


def structured(recorder: Recorder, made: Iterable[weakref.ref[nn.Module]]) -> Structure:
    """The facts about a module whose `forward` has run, and whose output is still held.

    Args:
        made: the modules that were made while it ran.
    """
    registered = recorder.registered()
    trainable = _trainable(registered)
    nodes = {node.name: node for node in recorder.graph.nodes}
    given = set(_given_out(recorder))
    unused = frozenset(_unused(recorder, trainable, nodes))
    return Structure(
        unused,
        frozenset(_dead(recorder, nodes, given)),
        tuple(_loose(recorder, trainable, {id(m) for ref in made if (m := ref()) is not None})),
        tuple(
            Lost(path, kind, frames)
            for path, module in registered
            for kind, frames in dropped(module)
        ),
        {path: definition(module) for path, module in registered} if unused else {},
    )


def _given_out(recorder: Recorder) -> Iterator[str]:
    """The layers whose result the user's code or its caller holds, or may have read as numbers."""
    for value in recorder.values():
        held = sys.getrefcount(value.tensor) > _OWN_REFERENCES
        source = value.spec.source
        if source is not None and (held or value.concrete) and source.op != "parameter":
            yield source.name


# -- parameters


def _trainable(registered: Iterable[tuple[str, nn.Module]]) -> dict[int, str]:
    """By identity, the path of every trainable parameter."""
    found: dict[int, str] = {}
    for path, module in registered:
        prefix = path + "." if path else ""
        for name, parameter in module._parameters.items():
            if parameter is not None and parameter.requires_grad:
                found.setdefault(id(parameter), prefix + name)
    return found


def _unused(
    recorder: Recorder, trainable: dict[int, str], nodes: dict[str, torch.fx.Node]
) -> Iterator[str]:
    """Trainable parameters that no operator takes.  A leaf module takes all that it has."""
    used: set[str] = set()
    leaves: dict[int, nn.Module] = {}
    for layer in recorder.layers:
        if layer.module is not None:
            leaves[id(layer.module)] = layer.module
        elif layer.op == "parameter" and (layer.name not in nodes or nodes[layer.name].users):
            used.add(layer.path)
    taken = {id(p) for leaf in leaves.values() for p in _own(leaf)}
    for identity, path in trainable.items():
        if identity not in taken and path not in used:
            yield path


def _own(module: nn.Module) -> Iterable[nn.Parameter | None]:
    return module.parameters() if module._modules else module._parameters.values()


# -- results


def _dead(recorder: Recorder, nodes: dict[str, torch.fx.Node], given: set[str]) -> Iterator[str]:
    """Layers whose result goes nowhere."""
    if recorder.raised:
        return
    kept = [nodes[name] for name in given if name in nodes]
    if all(node.users or node.op in _ENDS or node.name in given for node in nodes.values()):
        return  # without another end, everything leads to the output
    pending = [recorder.last_node(), *kept]
    live: set[torch.fx.Node] = set()
    makers: dict[str, Layer] = {}
    for layer in recorder.layers:
        node = nodes.get(layer.name)
        if node is not None and _writes(layer, node, makers):
            pending.append(node)
        makers[layer.name] = layer
    while pending:
        node = pending.pop()
        if node not in live:
            live.add(node)
            pending.extend(node._input_nodes)
    for layer in recorder.layers:
        node = nodes.get(layer.name)
        if node is not None and node not in live and layer.op not in _SOURCES:
            yield layer.name


def _writes(layer: Layer, node: torch.fx.Node, makers: dict[str, Layer]) -> bool:
    """Whether a call changes a tensor that others may see.

    One that only it takes, and that is no view, is seen by what takes the result.
    """
    name = layer.written
    spelled = (name[-1] == "_" and name[-2:] != "__") or ".__i" in name
    if layer.op != "setitem" and not spelled and layer.args.get("inplace") is not True:
        return "out" in node.kwargs
    target = next(iter(node._input_nodes), None)
    maker = makers.get(target.name) if target is not None else None
    if layer.op == "setitem" or target is None or maker is None:
        return True
    fresh = maker.op in _FRESH or "conv" in maker.op or "pool" in maker.op
    return not fresh or len(target.users) > 1


# -- modules that the network does not know


def _loose(recorder: Recorder, trainable: dict[int, str], made: set[int]) -> Iterator[Loose]:
    """Modules that are called and not registered, each with what it holds."""
    called: dict[str, list[Layer]] = {}
    for layer in recorder.layers if recorder.held else ():
        if layer.module is not None and layer.path in recorder.held:
            called.setdefault(_top(layer.path, recorder.held), []).append(layer)
    for path, layers in called.items():
        module = recorder.held[path]
        holder, attribute, items = _holder(recorder, path, id(module) in made)
        if holder and not any(layer.path in recorder.spared for layer in layers):
            weights = sum(
                p.numel()
                for p in module.parameters()
                if p.requires_grad and id(p) not in trainable and not is_lazy(p)
            )
            yield Loose(
                path,
                type(module).__name__,
                holder,
                attribute,
                items,
                weights,
                any(_is_stuck(layer, recorder) for layer in layers),
                definition(module),
            )


def _top(path: str, held: dict[str, Any]) -> str:
    """The outermost module that is not registered, of which `path` is a part."""
    parts = path.split(".")
    prefixes = (".".join(parts[:i]) for i in range(1, len(parts)))
    return next((p for p in prefixes if isinstance(held.get(p), nn.Module)), path)


def _holder(recorder: Recorder, path: str, is_new: bool) -> tuple[str, str, int]:
    """What keeps a module: its kind, the attribute, and how many things are kept there."""
    if is_new:
        return "forward", "", 1
    owners = dict(recorder.registered())
    parts = path.split(".")
    for i in range(len(parts) - 1, -1, -1):
        owner = owners.get(".".join(parts[:i]))
        if owner is not None:
            value = owner.__dict__.get(parts[i])
            kind = type(value).__name__
            if isinstance(value, (list, tuple, dict)):
                return kind, parts[i], len(value)
            return "", "", 0
    return "", "", 0


def _is_stuck(layer: Layer, recorder: Recorder) -> bool:
    """Whether a call drops at random what `eval()` should have switched off."""
    module, root = layer.module, recorder.root
    return (
        isinstance(module, _RANDOM)
        and root is not None
        and module.training
        and not root.training
        and module.p > 0
    )
