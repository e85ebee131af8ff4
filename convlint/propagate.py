"""Shapes front to back through a recorded graph, at any sizes, without running `forward` again.

The graph reads its sizes from its inputs, so the same graph answers for another batch or image.
It is the right graph there as long as Python would have taken the same branches: `guards_hold`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import torch

from convlint import shapes
from convlint.dims import Dim, Shape, Unknown
from convlint.network import Guard, Layer, Network
from convlint.tensor import UNKNOWN_TENSOR, TensorSpec

_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip

_BY_MODE: Final = frozenset({"training", "use_input_stats", "running_mean", "running_var"})
"""Arguments that a module has by its mode, and not by what comes in."""


@dataclass(frozen=True, slots=True)
class Propagated:
    """A network at other sizes, and whether Python would have recorded the same graph there.

    `guards_hold` is None where a branch depends on a size that is not known.
    """

    network: Network
    guards_hold: bool | None


def propagate(network: Network, inputs: Mapping[str, TensorSpec]) -> Propagated:
    """The same layers at other input sizes.

    Args:
        inputs: new specs by the inputs' names; inputs that are not named stay as they were.
    """
    values, done = _flow(network, inputs, network.fx_graph.nodes)
    new = Network(
        tuple(done[layer.name] for layer in network.layers if layer.name in done),
        values.get("output"),
        network.training,
        module=network.module,
        fx_graph=network.fx_graph,
    )
    if any(_count(layer.output) != _count(done[layer.name].output) for layer in network.layers):
        return Propagated(new, False)  # what took the items one by one would take others
    return Propagated(new, _guards(network, values))


def _count(output: Any) -> int:
    """The items of a tuple; 0 for anything else."""
    return len(output) if isinstance(output, tuple) else 0


def answer(network: Network, guard: Guard, inputs: Mapping[str, TensorSpec]) -> bool | None:
    """The answer to one comparison of sizes at other input sizes; None where it is not known.

    The graph is only followed up to there.
    """
    try:
        values, _ = _flow(network, inputs, _leading_to(network, guard))
    except RuntimeError:  # lazy weights, which get their size by running
        return None
    return _answer(guard, values)


def distance(network: Network, guard: Guard) -> int:
    """How many nodes of the graph a comparison of sizes depends on."""
    return len(_leading_to(network, guard))


def _leading_to(network: Network, guard: Guard) -> list[Any]:
    wanted: set[Any] = set()
    pending = [*_read(guard.left), *_read(guard.right)]
    while pending:
        node = pending.pop()
        if node not in wanted:
            wanted.add(node)
            pending += node.all_input_nodes
    return [node for node in network.fx_graph.nodes if node in wanted]


def _read(value: Any) -> Iterator[Any]:
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
            yield from _read(operand)


def _flow(
    network: Network, inputs: Mapping[str, TensorSpec], nodes: Iterable[Any]
) -> tuple[dict[str, Any], dict[str, Layer]]:
    """What comes out of `nodes`, which are in order, and the layers among them."""
    layers = {layer.name: layer for layer in network.layers}
    values: dict[str, Any] = {}
    done: dict[str, Layer] = {}
    for node in nodes:
        layer = layers.get(node.name)
        args, kwargs = _look_up(node.args, values), _look_up(node.kwargs, values)
        if node.op == "output":
            values["output"] = args[0]
        elif node.op == "placeholder" and layer is not None:
            spec = inputs.get(node.name, layer.output)
            done[node.name] = again = layer.at(layer.args, spec)
            values[node.name] = _sourced(spec, again)
        elif layer is None:
            values[node.name] = _plain_call(node, args, kwargs)
        elif node.op == "get_attr":
            done[node.name] = layer
            values[node.name] = _sourced(layer.output, layer)
        else:
            again = _again(layer, node, args, kwargs)
            done[node.name] = again
            values[node.name] = _sourced(again.output, again)
            if node.op == "call_function" and node.target is operator.setitem:
                values[node.name] = None
    return values, done


def _again(layer: Layer, node: Any, args: Any, kwargs: Any) -> Layer:
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
    return _renamed(layer, {}).at(bound, _unknown(layer.output))


def _same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other) and "?" not in repr(one)


def _unknown(output: Any) -> Any:
    if isinstance(output, TensorSpec):
        return TensorSpec(None, output.dtype, None)
    if isinstance(output, (tuple, list)):
        return tuple(_unknown(item) for item in output)
    return output


def _side(shape: Shape | None, dim: int) -> Dim:
    """A side of a shape, which may have fewer axes here than where it was recorded."""
    return shape[dim] if shape is not None and -len(shape) <= dim < len(shape) else Unknown()


def _plain_call(node: Any, args: Any, kwargs: Any) -> Any:
    """A node that is no layer: a size that is read, arithmetic on sizes, an item of a tuple."""
    if node.op == "call_method" and node.target == "size":
        return _side(getattr(args[0], "shape", None), args[1])
    if any(isinstance(a, Unknown) for a in args) and node.target not in vars(operator).values():
        return Unknown()
    try:
        return node.target(*args, **kwargs)
    except (TypeError, ValueError, LookupError, ZeroDivisionError):
        return Unknown()
    except RuntimeError:  # it stands for a module that ended in an exception
        return UNKNOWN_TENSOR


def _look_up(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, torch.fx.Node):
        return values.get(value.name)
    if isinstance(value, (tuple, list)):
        items = [_look_up(item, values) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, Mapping):
        return {key: _look_up(item, values) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(_look_up(v, values) for v in (value.start, value.stop, value.step)))
    return value


def _sourced(output: Any, layer: Layer) -> Any:
    if isinstance(output, TensorSpec):
        return TensorSpec(output.shape, output.dtype, output.strides, layer)
    if isinstance(output, (tuple, list)):
        return tuple(_sourced(item, layer) for item in output)
    return output


def _guards(network: Network, values: Mapping[str, Any]) -> bool | None:
    """Whether every comparison of sizes gives the answer that it gave while recording."""
    certain = True
    for guard in network.guards:
        found = _answer(guard, values)
        if found is None:
            certain = False
        elif found != guard.answer:
            return False
    return True if certain else None


def _answer(guard: Guard, values: Mapping[str, Any]) -> bool | None:
    left, right = _evaluate(guard.left, values), _evaluate(guard.right, values)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    return _COMPARISONS[guard.op](left, right)


def _evaluate(value: Any, values: Mapping[str, Any]) -> Any:
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
        operands = [_evaluate(operand, values) for operand in origin[2]]
        if any(isinstance(o, Unknown) for o in operands):
            return Unknown()
        return origin[1](*operands)
    return Unknown()
