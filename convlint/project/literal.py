"""Expressions of which the text alone tells the value: literals, and tensors of literal sizes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from convlint.spec import ALIASES, DTYPES, InputSpec

Values: TypeAlias = Mapping[str, object]
"""What names stand for, as far as it is known."""

_FILLED: Final = frozenset({"randn", "rand", "zeros", "ones", "empty"})
_KEEPING: Final = frozenset(
    {"to", "cuda", "cpu", "contiguous", "requires_grad_", "eval", "train", "clone", "detach"}
)
_CASTS: Final = {"float": "float32", "half": "float16", "double": "float64", "long": "int64"}


class Unclear(Exception):
    """An expression of which the text alone does not tell the value."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor as `torch.randn(2, 3)` makes it."""

    shape: tuple[int, ...]
    dtype: str = "float32"


def value(
    node: ast.expr,
    values: Values,
    called: Callable[[ast.Call], object] | None = None,
) -> object:
    """The value of an expression.

    Args:
        called: what a call gives that makes no tensor.

    Raises:
        Unclear: it cannot be told.
    """

    def inner(one: ast.expr) -> object:
        return value(one, values, called)

    match node:
        case ast.Constant(value=constant):
            return constant
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.Tuple(elts=elements):
            return tuple(inner(one) for one in elements)
        case ast.List(elts=elements):
            return [inner(one) for one in elements]
        case ast.Dict(keys=keys, values=held):
            if all(isinstance(key, ast.Constant) for key in keys):
                pairs = zip(keys, held, strict=True)
                return {k.value: inner(v) for k, v in pairs if isinstance(k, ast.Constant)}
        case ast.Call(func=ast.Attribute(value=owner, attr=name)):
            if isinstance(owner, ast.Name) and owner.id == "torch":
                return _tensor(name, node, inner)
            if name in _KEEPING:
                kept = inner(owner)
                return _cast(kept, node) if name == "to" else kept
            if name in _CASTS and isinstance(made := inner(owner), Tensor):
                return Tensor(made.shape, _CASTS[name])
    if isinstance(node, ast.Call) and called is not None:
        return called(node)
    raise Unclear


def bound(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a statement binds, each to an expression or to what cannot be told."""
    match statement:
        case ast.Assign(targets=targets, value=one):
            for target in targets:
                yield from _pairs(target, one)
        case ast.AnnAssign(target=target, value=ast.expr() as one):
            yield from _pairs(target, one)
        case ast.AugAssign(target=target) | ast.For(target=target):
            yield from _pairs(target, None)
        case ast.With(items=items):
            for item in items:
                if item.optional_vars is not None:
                    yield from _pairs(item.optional_vars, None)


def _pairs(target: ast.expr, one: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, one
    elif isinstance(target, ast.Tuple):
        parts = one.elts if isinstance(one, ast.Tuple) and len(one.elts) == len(target.elts) else ()
        for place, inner in enumerate(target.elts):
            yield from _pairs(inner, parts[place] if parts else None)


def _tensor(name: str, node: ast.Call, inner: Callable[[ast.expr], object]) -> Tensor:
    """What `torch.randn(...)` and its like give."""
    sizes = [inner(one) for one in node.args]
    options = {one.arg: one.value for one in node.keywords}
    given = inner(options["size"]) if "size" in options else None
    dtype = "float32"
    if name == "randint":
        given, dtype = given or (sizes[-1] if sizes else None), "int64"
    elif name not in _FILLED:
        raise Unclear
    if given is None:
        given = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes
    if "dtype" in options:
        dtype = _dtype(options["dtype"])
    return Tensor(shape(given), dtype)


def shape(given: object) -> tuple[int, ...]:
    """Sizes that a tensor may have.

    Raises:
        Unclear: these are none.
    """
    if not isinstance(given, (tuple, list)):
        raise Unclear
    if not all(type(one) is int and 0 < one < 2**63 for one in given):
        raise Unclear
    return tuple(given)


def _cast(kept: object, node: ast.Call) -> object:
    """What `.to(torch.float16)` or `.to(device)` gives."""
    words = [*node.args, *(one.value for one in node.keywords if one.arg == "dtype")]
    for word in words:
        if isinstance(kept, Tensor) and ast.unparse(word).startswith("torch."):
            if ast.unparse(word).startswith("torch.device"):
                continue
            return Tensor(kept.shape, _dtype(word))
    return kept


def _dtype(node: ast.expr) -> str:
    name = ast.unparse(node).removeprefix("torch.")
    name = ALIASES.get(name, name)
    if name not in DTYPES:
        raise Unclear
    return name


def spec(name: str | None, one: object) -> InputSpec:
    """A value as an input.

    Raises:
        Unclear: it can be none.
    """
    if isinstance(one, Tensor):
        return InputSpec(name, one.shape, one.dtype)
    if name is not None and (one is None or isinstance(one, (bool, int, float, str))):
        return InputSpec(name, None, value=one)
    raise Unclear
