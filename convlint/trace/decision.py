"""Which comparisons of sizes only data can decide.

A size may be unknown because data make it (`len(x.nonzero())`, `.item()`): then both answers
are to be expected.  It may also be unknown because of a fault before it, or because convlint does
not know an operator: then nothing is to be learnt from the other answer.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import torch.fx

from convlint.dims import Unknown
from convlint.tensor import UNKNOWN_TENSOR, TensorSpec
from convlint.trace.knowledge import Question, inputs_of, key, of_comparison, title
from convlint.trace.size import Ratio, Size, dim_of

if TYPE_CHECKING:
    from convlint.trace.recorder import Recorder, Value

_BY_DATA: Final = frozenset(
    {"nonzero", "argwhere", "unique", "unique_consecutive", "masked_select", "getitem", "where",
     "nms", "batched_nms"}
)  # fmt: skip
"""Operators of which the sizes that come out depend on data."""


def of_sizes(recorder: Recorder, left: Any, op: str, right: Any) -> Question | None:
    """A comparison with sizes that depend on data; None where they are unknown otherwise."""
    inputs: set[str] = set()
    keys = []
    for side in (left, right):
        found = _key_of(recorder, side, inputs)
        if found is None:
            return None
        keys.append(found)
    integral = isinstance(left, int) and isinstance(right, int)
    counts = any(type(s) is Size and s.origin[0] == "size" for s in (left, right))
    least = 0.0 if counts else -math.inf
    return of_comparison(keys[0], op, keys[1], integral, least, frozenset(inputs))


def _key_of(recorder: Recorder, value: Any, inputs: set[str], depth: int = 6) -> Any:
    """The same for two sizes that are the same; None where data do not tell it."""
    if type(value) is not Size and type(value) is not Ratio:
        return value if isinstance(value, (int, float)) else None
    if not isinstance(dim_of(value), Unknown):
        return int.__pos__(value) if isinstance(value, int) else float.__pos__(value)
    origin = value.origin
    if value.recorder is not recorder or depth == 0:
        return None
    if origin[0] == "number" or origin[0] == "size":
        of: Value = origin[1]
        if origin[0] == "size" and not _depends_on_data(of.spec, {}):
            return None
        inputs |= inputs_of(of.node)
        return (origin[0], key(of.node), *origin[2:])
    if origin[0] == "node":
        return _key_of_node(recorder, origin[1], inputs, depth)
    if origin[0] == "op":
        keys = [_key_of(recorder, operand, inputs, depth - 1) for operand in origin[2]]
        return None if None in keys else (origin[1].__name__, *keys)
    return None


def _key_of_node(recorder: Recorder, node: Any, inputs: set[str], depth: int) -> Any:
    """The same as `_key_of`, of a size that the graph computes by now."""
    if isinstance(node, (int, float)):
        return node
    if not isinstance(node, torch.fx.Node) or depth == 0:
        return None
    of = node.args[0] if node.args else None
    if node.target in ("size", "item") and isinstance(of, torch.fx.Node):
        if node.target == "size" and not _depends_on_data(_spec(recorder, of), {}):
            return None
        inputs |= inputs_of(node)
        return ("size" if node.target == "size" else "number", key(of), *node.args[1:])
    keys = [_key_of_node(recorder, operand, inputs, depth - 1) for operand in node.args]
    return None if None in keys or node.kwargs else (title(node), *keys)


def _spec(recorder: Recorder, node: torch.fx.Node) -> TensorSpec:
    """What came out of a node, where it is one tensor of a layer."""
    for layer in recorder.layers:
        if layer.name == node.name and isinstance(layer.output, TensorSpec):
            return TensorSpec(layer.output.shape, source=layer)
    return UNKNOWN_TENSOR


def _depends_on_data(spec: TensorSpec, done: dict[int, bool]) -> bool:
    """Whether the sizes that are unknown are so because data make them, and nothing else."""
    layer = spec.source
    if layer is None or spec.shape is None or layer.rejected is not None:
        return False
    if id(layer) not in done:
        done[id(layer)] = False  # until it is known
        unknown = [t for t in layer.tensors if not t.known]
        if unknown:
            done[id(layer)] = all(_depends_on_data(t, done) for t in unknown)
        else:
            done[id(layer)] = layer.op in _BY_DATA
    return done[id(layer)]
