"""The networks of a file, found in its text: subclasses of `nn.Module` with a `forward`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from convlint.project.source import Source
from convlint.target import Target

_LIGHTNING: Final = "LightningModule"


@dataclass(frozen=True, slots=True)
class Network:
    """A class at the top level of a file, which no other file has to be run to find."""

    source: Source
    node: ast.ClassDef
    bases: tuple[ast.ClassDef, ...] = ()
    """Those of its bases that stand in the same file, the nearest first."""

    @property
    def name(self) -> str:
        """Of the class."""
        return self.node.name

    @property
    def target(self) -> Target:
        """The class as a target."""
        model = f"{self.source.name}:{self.name}"
        return Target(model, self.source.name, True, self.name, root=str(self.source.root))

    @property
    def place(self) -> str:
        """Where its definition begins."""
        return f"{self.source.name}:{self.node.lineno}"

    def method(self, name: str) -> ast.FunctionDef | None:
        """A method of the class, or of a base in the same file."""
        for node in (self.node, *self.bases):
            for one in node.body:
                if isinstance(one, ast.FunctionDef) and one.name == name:
                    return one
        return None

    @property
    def needed(self) -> tuple[str, ...]:
        """The arguments that its constructor cannot do without."""
        init = self.method("__init__")
        if init is None:
            return ()
        return required(init.args)


def networks(source: Source) -> Iterator[Network]:
    """The networks that a file is there for: no private ones, and none without a `forward`.

    Raises:
        SourceError: it is not valid Python.
    """
    if b"Module" not in source.data or not (b"torch" in source.data or b"ightning" in source.data):
        return  # flax and others have an `nn.Module` too
    classes: dict[str, tuple[ast.ClassDef, ...]] = {}
    for node in source.statements():
        if not isinstance(node, ast.ClassDef):
            continue
        inner = [name for base in node.bases if (name := _name(base)) in classes]
        if inner or any(_is_module(base) for base in node.bases):
            bases = tuple(dict.fromkeys(one for name in inner for one in classes[name]))
            classes[node.name] = (node, *bases)
            found = Network(source, node, bases)
            if not node.name.startswith("_") and found.method("forward") is not None:
                yield found


def required(arguments: ast.arguments) -> tuple[str, ...]:
    """The parameters of a method that have no default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    count = len(positional) - len(arguments.defaults)
    named = [
        one
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    return tuple(one.arg for one in (*positional[1:count], *named))


def _is_module(base: ast.expr) -> bool:
    """`nn.Module`, `torch.nn.Module`, `Module`, `L.LightningModule`; not `eqx.Module`."""
    if isinstance(base, ast.Attribute):
        owner = getattr(base.value, "id", getattr(base.value, "attr", ""))
        return base.attr == _LIGHTNING or (base.attr == "Module" and owner == "nn")
    return isinstance(base, ast.Name) and base.id in ("Module", _LIGHTNING)


def _name(base: ast.expr) -> str:
    return base.id if isinstance(base, ast.Name) else ""
