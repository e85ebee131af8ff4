"""What a side of a tensor depends on: numbers in the code, the constructor's arguments, the input.

`nn.Conv2d(64, 128, 3)` always gives 128 channels; `nn.Conv2d(64, width, 3)` gives what the caller
of the constructor wants; the height of its map is what came in.
"""

from __future__ import annotations

import ast
from enum import IntEnum
from typing import TypeAlias

from convlint.advice.passage import traced
from convlint.arithmetic.window import axes_of
from convlint.diagnostic import Location
from convlint.frame import Frame
from convlint.network import Layer
from convlint.tensor import TensorSpec

_WINDOWS = ("conv", "max_pool", "avg_pool", "lp_pool")
_MERGES = frozenset({"flatten", "view", "reshape"})
_FEATURES = frozenset({"linear", "embedding", "lstm", "gru", "rnn", "bilinear"})
_HELD = frozenset({"parameter", "buffer", "constant"})
_DEEPEST = 60

_Known: TypeAlias = dict[tuple[str, int], "Dependence"]


class Dependence(IntEnum):
    """What a side depends on; of several the largest counts."""

    NUMBERS = 0
    """Numbers in the code: it is the same whatever is given to the network."""
    ARGUMENTS = 1
    """What the class is given when it is made."""
    INPUT = 2
    """The size of the network's input."""
    UNCLEAR = 3


def dependence(tensor: TensorSpec, axis: int, owner: str) -> Dependence:
    """What side `axis` depends on.

    Args:
        owner: the class whose code is meant, as `owner_of` calls it: what it is given from
            outside is not fixed by the numbers in it.
    """
    return _dependence(tensor, axis, owner, {}, 0)


def _dependence(tensor: TensorSpec, axis: int, owner: str, known: _Known, depth: int) -> Dependence:
    """The same; `known` is what has been told of the layers' sides, for branches meet again."""
    if tensor.shape is None or depth > _DEEPEST:
        return Dependence.UNCLEAR
    layer, axis = traced(tensor, axis % len(tensor.shape))
    if layer is None or len(layer.outputs) != 1 or layer.outputs[0].shape is None:
        return Dependence.UNCLEAR
    key = layer.name, axis
    if key not in known:
        known[key] = _made(layer, axis, len(layer.outputs[0].shape), owner, known, depth + 1)
    return known[key]


def _made(layer: Layer, axis: int, rank: int, owner: str, known: _Known, depth: int) -> Dependence:
    """What a side depends on that `layer` makes."""
    if layer.op == "input":
        return Dependence.INPUT
    if layer.op in _HELD:
        return Dependence.ARGUMENTS
    if layer.op == "cat":
        parts = [t for t in layer.tensors if t.source is not None and len(t.shape or ()) == rank]
        kinds = [_dependence(part, axis, owner, known, depth) for part in parts]
        return max(kinds, default=Dependence.UNCLEAR)
    if layer.op in _MERGES:
        sides = _merged(layer, axis)
        kinds = [_dependence(layer.tensors[0], side, owner, known, depth) for side in sides]
        return max(kinds, default=Dependence.UNCLEAR)
    is_window = layer.op.startswith(_WINDOWS)
    is_channels = layer.op.startswith("conv") and axis == rank - 1 - axes_of(layer.op)
    is_feature = layer.op in _FEATURES and axis == rank - 1
    is_pooled = layer.op.startswith("adaptive_") and axis >= rank - axes_of(layer.op)
    if not (is_window or is_feature or is_pooled):
        return Dependence.UNCLEAR
    own = Dependence.NUMBERS if _is_made(layer, owner) else Dependence.ARGUMENTS
    if is_channels or not is_window:
        return own
    return max(own, _dependence(layer.tensors[0], axis, owner, known, depth))


def _merged(layer: Layer, axis: int) -> range:
    """The sides that a flatten merges into the last one; none where that is not what it does."""
    before, after = layer.tensors[0].shape or (), layer.outputs[0].shape or ()
    if axis != len(after) - 1 or len(before) < len(after) or before[:axis] != after[:axis]:
        return range(0)
    return range(axis, len(before))


def _is_made(layer: Layer, owner: str) -> bool:
    """Whether a layer's arguments are numbers in the code of `owner`."""
    if layer.module is None:
        return any(
            _class_of(frame) == owner and _is_plain(_call(frame.location), 1)
            for frame in layer.frames[:1]
        )
    for place, frame in enumerate(layer.definition_frames):
        call = _call(frame.location)
        # a method of a helper may look at more than its arguments
        plain = _is_plain(call, 0) and (place == 0 or isinstance(call.func, ast.Name))  # type: ignore[union-attr]
        if _class_of(frame) == owner:
            return plain
        if plain and any(_class_of(f) == owner for f in layer.definition_frames[place + 1 :]):
            return True
    return False


def _class_of(frame: Frame) -> str:
    """The class whose method is running, with its file."""
    return owner_of(frame.code.co_filename, frame.code.co_qualname)


def owner_of(filename: str, qualname: str) -> str:
    """How the class of a method is called here; a comprehension belongs to its method."""
    while qualname.endswith(">"):
        qualname = qualname.rpartition(".<locals>.")[0]
    return f"{filename}:{qualname.rpartition('.')[0]}"


def _call(place: Location) -> ast.expr | None:
    """The expression at a place in a file."""
    try:
        return ast.parse("(" + _text(place) + ")", mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _text(place: Location) -> str:
    import linecache

    lines = linecache.getlines(place.filename)[place.row - 1 : place.end_row]
    if not lines:
        return ""
    lines[-1] = lines[-1][: place.end_column - 1]
    lines[0] = lines[0][place.column - 1 :]
    return "".join(lines)


def _is_plain(node: ast.expr | None, skipped: int) -> bool:
    """Whether it is a call whose arguments, but for the first `skipped`, are plain numbers."""
    if not isinstance(node, ast.Call):
        return False
    return all(map(_is_constant, (*node.args[skipped:], *(k.value for k in node.keywords))))


def _is_constant(node: ast.expr) -> bool:
    return all(isinstance(part, _CONSTANT) for part in ast.walk(node))


_CONSTANT = (
    ast.Constant, ast.Tuple, ast.List, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Load,
)  # fmt: skip
