"""Annotations of `forward`: `x: Float[Tensor, "batch 3 224 224"]`.

They tell the inputs only where every axis is a number, or the batch, for which 2 is taken.  The
library is not needed: an annotation is read from its text, or from what jaxtyping has made of it.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from convlint.discover import Given, Use
from convlint.project.network import Network, required
from convlint.project.source import Source
from convlint.spec import InputSpec

RANK: Final = 3

_BATCHES: Final = frozenset({"batch", "b", "n", "N"})
_SIZE: Final = 2
_DTYPES: Final = {
    **dict.fromkeys(("Float", "Num", "Inexact", "Real", "Shaped", "Float32"), "float32"),
    **dict.fromkeys(("Int", "Integer", "Int64"), "int64"),
    "Float16": "float16",
    "BFloat16": "bfloat16",
    "Float64": "float64",
    "Bool": "bool",
    "Int8": "int8",
    "Int16": "int16",
    "Int32": "int32",
    "UInt8": "uint8",
    "UInt": "uint8",
    "Complex": "complex64",
    "Complex64": "complex64",
    "Complex128": "complex128",
}


def uses(networks: Sequence[Network], sources: Iterable[Source]) -> Iterator[Use]:
    """The networks whose `forward` is annotated with all sizes."""
    for network in networks:
        forward = network.method("forward")
        assert forward is not None
        arguments = forward.args
        notes = {
            one.arg: one.annotation
            for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        }
        inputs = _inputs({name: _read(notes[name]) for name in required(arguments)})
        if inputs:
            origin = f"{network.source.name}:{forward.lineno} (jaxtyping)"
            yield Use(network, inputs, origin, by_itself=True)


def given(module: Any) -> Given | None:
    """What the annotations of a network's `forward` say."""
    inputs: tuple[InputSpec, ...] | None = None
    with contextlib.suppress(Exception):  # whatever the user's code is annotated with
        inputs = _inputs(_annotations(module.forward))
    return Given(inputs, "the annotations of its forward") if inputs else None


def _annotations(forward: Any) -> dict[str, tuple[str, str] | None]:
    try:
        signature = inspect.signature(forward, eval_str=True)
    except Exception:  # names that only a type checker knows
        signature = inspect.signature(forward)
    skipped = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {
        name: _made(one.annotation)
        for name, one in signature.parameters.items()
        if one.default is one.empty and one.kind not in skipped
    }


def _made(annotation: object) -> tuple[str, str] | None:
    """Kind and axes of an annotation as it is at run time."""
    if isinstance(annotation, str):
        return _parsed(annotation)
    axes, kind = getattr(annotation, "dim_str", None), getattr(annotation, "dtype", None)
    name = getattr(kind, "__name__", "")
    return (name, axes) if isinstance(axes, str) and isinstance(name, str) else None


def _parsed(text: str) -> tuple[str, str] | None:
    try:
        return _read(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _read(annotation: ast.expr | None) -> tuple[str, str] | None:
    """Kind and axes of an annotation as it is written."""
    match annotation:
        case ast.Constant(value=str(text)):
            return _parsed(text)
        case ast.Subscript(
            value=ast.Name(id=kind) | ast.Attribute(attr=kind),
            slice=ast.Tuple(elts=[_, ast.Constant(value=str(axes))]),
        ):
            return kind, axes
    return None


def _inputs(notes: Mapping[str, tuple[str, str] | None]) -> tuple[InputSpec, ...] | None:
    """The inputs by their names; None where one is not told, or two letters may be the batch."""
    inputs: list[InputSpec] = []
    batches: set[str] = set()
    for name, note in notes.items():
        if note is None or note[0] not in _DTYPES:
            return None
        sizes: list[int] = []
        for axis in note[1].split():
            if axis in _BATCHES:
                batches.add(axis)
                sizes.append(_SIZE)
                continue
            size = axis.rpartition("=")[2]  # `channels=3` is 3
            if not (size.isascii() and size.isdigit() and int(size[:19]) > 0 and len(size) < 19):
                return None
            sizes.append(int(size))
        inputs.append(InputSpec(name, tuple(sizes), _DTYPES[note[0]]))
    return tuple(inputs) if len(batches) < 2 else None
