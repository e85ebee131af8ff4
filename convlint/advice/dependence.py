"""What a side of a tensor depends on: numbers in the code, the constructor's arguments, the input.

`nn.Conv2d(64, 128, 3)` always gives 128 channels; `nn.Conv2d(64, width, 3)` gives what the caller
of the constructor wants; the height of its map is what came in.
"""

from __future__ import annotations

import ast
from enum import IntEnum

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
_DEEPEST = 40


class Dependence(IntEnum):
    """What a side depends on; of several the largest counts."""

    NUMBERS = 0
    """Numbers in the code: it is the same whatever is given to the network."""
    ARGUMENTS = 1
    """What the class is given when it is made."""
    INPUT = 2
    """The size of the network's input."""
    UNCLEAR = 3


def dependence(tensor: TensorSpec, axis: int, owner: str, depth: int = 0) -> Dependence:
    """What side `axis` depends on.

    Args:
        owner: the class whose code is meant, as `owner_of` calls it: what it is given from
            outside is not fixed by the numbers in it.
    """
    if tensor.shape is None or depth > _DEEPEST:
        return Dependence.UNCLEAR
    layer, axis = traced(tensor, axis % len(tensor.shape))
    if layer is None or len(layer.outputs) != 1 or layer.outputs[0].shape is None:
        return Dependence.UNCLEAR
    rank = len(layer.outputs[0].shape)
    if layer.op == "input":
        return Dependence.INPUT
    if layer.op in _HELD:
        return Dependence.ARGUMENTS
    made = Dependence.NUMBERS if _is_made(layer, owner) else Dependence.ARGUMENTS
    if layer.op in _FEATURES and axis == rank - 1:
        return made
    if layer.op == "cat":
        parts = [t for t in layer.tensors if t.source is not None and len(t.shape or ()) == rank]
        return max((dependence(t, axis, owner, depth + 1) for t in parts), default=made)
    if layer.op.startswith("adaptive_") and axis >= rank - axes_of(layer.op):
        return made
    if layer.op.startswith(_WINDOWS):
        if layer.op.startswith("conv") and axis == rank - 1 - axes_of(layer.op):
            return made
        return max(made, dependence(layer.tensors[0], axis, owner, depth + 1))
    if layer.op in _MERGES:
        return _merged(layer, axis, owner, depth)
    return Dependence.UNCLEAR


def _merged(layer: Layer, axis: int, owner: str, depth: int) -> Dependence:
    """What the last side depends on, which a flatten has merged of several."""
    before, after = layer.tensors[0], layer.outputs[0].shape or ()
    sides = before.shape or ()
    if axis != len(after) - 1 or len(sides) < len(after) or sides[:axis] != after[:axis]:
        return Dependence.UNCLEAR
    return max(dependence(before, side, owner, depth + 1) for side in range(axis, len(sides)))


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
