"""One node of a recorded graph once more, with other arguments."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import torch
from torch.nn.utils.rnn import PackedSequence

from convlint import shapes
from convlint.dims import Dim, Shape, Unknown, Varying
from convlint.network import Layer
from convlint.tensor import UNKNOWN_TENSOR, TensorSpec

COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


_BY_MODE: Final = frozenset({"training", "use_input_stats", "running_mean", "running_var"})
"""Arguments that a module has by its mode, and not by what comes in."""


def called(layer: Layer, node: Any, args: Any, kwargs: Any) -> Layer:
    """One call with other arguments."""
    bound: dict[str, Any] = {}
    try:
        if node.op == "call_module":
            assert layer.module is not None
            found = shapes.lowering(layer.module)
            assert found is not None
            op, lower = found
            lowered = lower(layer.module, *args, **kwargs)
            assert lowered is not None
            bound = op.complete(lowered)
            # The module is by now in the mode in which its owner has left it.
            bound.update((name, layer.args[name]) for name in _BY_MODE & set(layer.args))
        else:
            func = node.target
            if node.op == "call_method":
                func = getattr(torch.Tensor, func)
            elif func is getattr:
                func, args = getattr(torch.Tensor, args[1]).__get__, args[:1]
            elif func in (operator.getitem, operator.setitem):
                func = getattr(torch.Tensor, f"__{func.__name__}__")
            wanted = shapes.find(func)
            if wanted is None:
                return _unanswered(layer, args, kwargs)
            op = wanted
            bound = op.bind(func, args, kwargs)
        output = op.shape(**bound)
    except shapes.Rejected as reason:
        return _renamed(layer, bound).at(bound, UNKNOWN_TENSOR, str(reason))
    except (TypeError, ValueError, LookupError, AttributeError, AssertionError):
        return _unanswered(layer, args, kwargs)
    in_place = node.op == "call_method" and node.target.endswith("_") and node.target[-2] != "_"
    if in_place and isinstance(output, TensorSpec) and isinstance(args[0], TensorSpec):
        output = replace(output, dtype=args[0].dtype)
    return layer.at(bound, output)


def _renamed(layer: Layer, bound: Any) -> Layer:
    """`layer`, or where its arguments have no names now, a call that no rule knows."""
    known = bound or not shapes.is_named(layer.op)
    return layer if known else replace(layer, op=f"torch.{layer.op}")


def _unanswered(layer: Layer, args: Any, kwargs: Any) -> Layer:
    """An operator without a shape function: what was recorded, where nothing has changed."""
    bound = {str(i): a for i, a in enumerate(args)} | dict(kwargs)
    if _same(bound, dict(layer.args)):
        return layer
    return _renamed(layer, {}).at(bound, _lost(layer.output))


def _same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other) and "?" not in repr(one) and not _varies(one)


def _varies(value: Any) -> bool:
    """Whether a size in it stands for many."""
    if isinstance(value, TensorSpec):
        return any(isinstance(n, Varying) for n in value.shape or ())
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        return isinstance(value, Varying)
    return any(map(_varies, value))


def _lost(output: Any) -> Any:
    if isinstance(output, TensorSpec):
        return TensorSpec(None, output.dtype, None)
    if isinstance(output, (tuple, list)):
        return tuple(_lost(item) for item in output)
    return output


def _side(shape: Shape | None, dim: int) -> Dim:
    """A side of a shape, which may have fewer axes here than where it was recorded."""
    return shape[dim] if shape is not None and -len(shape) <= dim < len(shape) else Unknown()


def plain_call(node: Any, args: Any, kwargs: Any) -> Any:
    """A node that is no layer: a size that is read, arithmetic on sizes, an item of a tuple."""
    if node.op == "call_method" and node.target == "size":
        return _side(getattr(args[0], "shape", None), args[1])
    if node.target is PackedSequence:  # which would ask its tensors for their device
        return tuple.__new__(PackedSequence, args)
    if any(isinstance(a, Unknown) for a in args) and node.target not in vars(operator).values():
        return Unknown()
    try:
        return _applied(node.target, args, kwargs)
    except RuntimeError:  # it stands for a module that ended in an exception
        return UNKNOWN_TENSOR
    except Exception:  # what torch or the user's own classes make of a tensor without data
        return Unknown()


def looked_up(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, torch.fx.Node):
        return values.get(value.name)
    if isinstance(value, (tuple, list)):
        items = [looked_up(item, values) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, Mapping):
        return {key: looked_up(item, values) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(looked_up(v, values) for v in (value.start, value.stop, value.step)))
    return value


def sourced(output: Any, layer: Layer) -> Any:
    if isinstance(output, TensorSpec):
        return TensorSpec(output.shape, output.dtype, output.strides, layer)
    if isinstance(output, (tuple, list)):
        return tuple(sourced(item, layer) for item in output)
    return output


def evaluated(value: Any, values: Mapping[str, Any]) -> Any:
    """A size at the new inputs, from its origin: a `Dim`, or a float."""
    origin = getattr(value, "origin", None)
    if origin is None:
        return value
    if origin[0] == "node":
        return values.get(origin[1].name, Unknown())
    if origin[0] == "size":
        spec = values.get(origin[1].node.name)
        return _side(getattr(spec, "shape", None), origin[2])
    if origin[0] == "op":
        operands = [evaluated(operand, values) for operand in origin[2]]
        if any(isinstance(o, Unknown) for o in operands):
            return Unknown()
        return _applied(origin[1], operands, {})
    return Unknown()


def _applied(function: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
    """What arithmetic on sizes gives."""
    if function is int:  # `int()` makes exact ints only
        function = math.trunc
    return function(*args, **kwargs)


def read(value: Any) -> Iterator[Any]:
    """The nodes that a size is read from."""
    origin = getattr(value, "origin", None)
    if origin is None:
        return
    if origin[0] == "node":
        yield origin[1]
    elif origin[0] == "size":
        yield origin[1].node
    elif origin[0] == "op":
        for operand in origin[2]:
            yield from read(operand)
