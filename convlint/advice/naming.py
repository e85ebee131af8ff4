"""Whether a module's code reads one of its attributes, as far as its names tell."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from types import CodeType
from typing import Any, Final

from convlint.network import Network

_DYNAMIC: Final = frozenset(
    {"getattr", "children", "named_children", "modules", "named_modules", "_modules",
     "get_submodule", "get_parameter", "parameters", "named_parameters", "_parameters",
     "attrgetter", "vars", "__dict__"}
)  # fmt: skip
"""Names by which code gets at attributes that it does not name."""
_AROUND: Final = (
    "__init__", "__repr__", "extra_repr", "init", "_init", "reset", "_reset", "freeze", "_freeze",
    "load", "_load", "build", "_build", "state_dict",
)  # fmt: skip
"""Beginnings of the names of methods that read a layer, and compute nothing with it."""


def reader(network: Network, path: str) -> str | None:
    """What may read the module or parameter at `path`; None where surely nothing does.

    Only by name: whether the method runs, and comes to that line, is not asked.  An item of a list
    is read wherever the list is.
    """
    parts = path.split(".")
    while len(parts) > 1 and _is_container(_module(network, parts[:-1])):
        parts.pop()
    name = parts[-1]
    for i in range(len(parts) - 1, -1, -1):
        owner = _module(network, parts[:i])
        if owner is None:
            return "?"
        if "forward" in owner.__dict__:  # put there from outside
            return "forward"
        own = i == len(parts) - 1
        if not own and (name in owner._modules or name in owner._parameters):
            continue  # what its methods mean by the name is its own
        for method, names in _methods(type(owner)):
            if name in names or (own and names & _DYNAMIC):
                return method
        if own and _is_read_beside(type(owner), name):
            return "other code of the file"
    return None


def _is_read_beside(kind: type, name: str) -> bool:
    """Whether the file of a class reads an attribute of this name: a training loop might."""
    code = _code(vars(kind).get("__init__"))
    if code is None:
        return False
    try:
        pending: list[ast.AST] = [ast.parse("".join(linecache.getlines(code.co_filename)))]
    except (SyntaxError, ValueError, RecursionError):
        return False
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Load):
            return True
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith(_AROUND):
            pending.extend(ast.iter_child_nodes(node))
    return False


def _module(network: Network, parts: list[str]) -> Any:
    try:
        return network.module.get_submodule(".".join(parts)) if network.module is not None else None
    except AttributeError:
        return None


def _is_container(module: Any) -> bool:
    return type(module).__module__ == "torch.nn.modules.container"


def _methods(kind: type) -> Iterator[tuple[str, set[str]]]:
    """Each method of a class with the names that it uses, without those that only set it up.

    Those that a subclass overrides as well: what they read was meant for something.
    """
    for ancestor in kind.__mro__:
        if ancestor is object or ancestor.__module__ == "torch.nn.modules.module":
            continue
        for name, value in vars(ancestor).items():
            if not name.startswith(_AROUND):
                yield f"{ancestor.__name__}.{name}", set(_names(_code(value)))


def _code(value: Any) -> CodeType | None:
    """The code of a method, behind what it may be wrapped in."""
    for _ in range(8):
        for inner in ("fget", "__func__", "__wrapped__", "func"):
            if getattr(value, inner, None) is not None:
                value = getattr(value, inner)
                break
        else:
            break
    code = getattr(value, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _names(code: CodeType | None) -> Iterator[str]:
    if code is not None:
        yield from code.co_names
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                yield from _names(inner)
            elif isinstance(inner, str):
                yield inner  # getattr(self, "name"), a table of names
