"""Calls with sizes, in a file's `if __name__ == "__main__":`, in tests, and for torchinfo.

    net = UNet(3).eval()
    assert net(torch.randn(2, 3, 224, 224)).shape == ...
    torchinfo.summary(UNet(3), input_size=(1, 3, 224, 224))

What they say is proposed (`convlint init`), and never linted by itself.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from convlint.discover import Use
from convlint.project import literal
from convlint.project.literal import Tensor, Unclear
from convlint.project.network import Network
from convlint.project.source import Source, SourceError, flat
from convlint.spec import InputSpec

RANK: Final = 4

_LIKELY: Final = re.compile(rb"__main__|torchinfo")
_SUMMARY: Final = "(summary)"


@dataclass(frozen=True, slots=True)
class _Made:
    """A network that was made, and the arguments as they are written, if they are literals."""

    network: Network
    arguments: str | None


def uses(networks: Sequence[Network], sources: Iterable[Source]) -> Iterator[Use]:
    """How tests, scripts and summaries call the networks."""
    for source in sources:
        # A file that is no Python, or nested too deeply, says nothing.
        with contextlib.suppress(SourceError, RecursionError):
            if source.is_test or _LIKELY.search(source.data):
                named = [one for one in networks if one.name.encode() in source.data]
                if named:
                    yield from _Reader(source, named).uses()


class _Reader:
    """Reads one file, statement by statement, in each of its scopes."""

    def __init__(self, source: Source, networks: Sequence[Network]) -> None:
        self.source = source
        self.known = dict(_visible(source, networks))

    def uses(self) -> Iterator[Use]:
        """Everything in a test and in a script's main block; elsewhere only summaries."""
        statements = list(self.source.statements())
        mains = [one for one in statements if isinstance(one, ast.If) and _is_main(one.test)]
        inner = {id(one) for main in mains for one in flat(main.body)}
        outer: dict[str, object] = {}
        found = list(self.scope((one for one in statements if id(one) not in inner), outer))
        for node in ast.walk(self.source.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                own = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
                values = {name: one for name, one in outer.items() if name not in own}
                found += self.scope(flat(node.body), values)
        for main in mains:
            yield from self.scope(flat(main.body), dict(outer))
        yield from (one for one in found if self.source.is_test or one.origin.endswith(_SUMMARY))

    def scope(self, statements: Iterable[ast.stmt], values: dict[str, object]) -> Iterator[Use]:
        """The calls in a scope, with what its names stand for."""
        refused: set[int] = set()
        for statement in statements:
            if isinstance(statement, ast.With) and _expects_an_error(statement):
                refused.update(id(one) for one in flat(statement.body))
            for node in _expressions(statement) if id(statement) not in refused else ():
                for call in ast.walk(node):
                    if isinstance(call, ast.Call):
                        with contextlib.suppress(Unclear):
                            yield self.use(call, values)
            for name, bound in literal.bound(statement):
                known = values.copy()
                values.pop(name, None)
                if bound is not None:
                    with contextlib.suppress(Unclear):
                        values[name] = self.value(bound, known)

    def value(self, node: ast.expr, values: Mapping[str, object]) -> object:
        return literal.value(node, values, lambda call: self.made(call, values))

    def made(self, call: ast.Call, values: Mapping[str, object]) -> _Made:
        """The network that a call makes."""
        network = self.known.get(ast.unparse(call.func))
        if network is None:
            raise Unclear
        try:
            words = [_written(self.value(one, values)) for one in call.args]
            for one in call.keywords:
                if one.arg is None:
                    raise Unclear
                words.append(f"{one.arg}={_written(self.value(one.value, values))}")
        except Unclear:
            return _Made(network, None)
        return _Made(network, f"({', '.join(words)})" if words else "")

    def use(self, call: ast.Call, values: Mapping[str, object]) -> Use:
        """What a call tells of a network, if it calls one."""
        function = call.func
        if getattr(function, "id", getattr(function, "attr", "")) == "summary":
            return self.summary(call, values)
        if isinstance(function, ast.Attribute) and function.attr == "forward":
            function = function.value
        made = self.value(function, values)
        if not isinstance(made, _Made) or any(one.arg is None for one in call.keywords):
            raise Unclear
        inputs = [literal.spec(None, self.value(one, values)) for one in call.args]
        inputs += [literal.spec(one.arg, self.value(one.value, values)) for one in call.keywords]
        return self.told(made, inputs, call, "(call)")

    def summary(self, call: ast.Call, values: Mapping[str, object]) -> Use:
        options = {one.arg: one.value for one in call.keywords}
        if "torchinfo" not in {_module(one) for one in ast.walk(self.source.tree)}:
            raise Unclear
        written = call.args[1] if len(call.args) > 1 else options.get("input_size")
        written = written or options.get("input_data")
        made = self.value(call.args[0], values) if call.args else None
        if not isinstance(made, _Made) or written is None:
            raise Unclear
        sizes = self.value(written, values)
        if isinstance(sizes, Tensor):
            inputs = [literal.spec(None, sizes)]
        elif isinstance(sizes, (tuple, list)) and sizes and isinstance(sizes[0], (tuple, list)):
            inputs = [InputSpec(None, literal.shape(one)) for one in sizes]
        else:
            inputs = [InputSpec(None, literal.shape(sizes))]
        return self.told(made, inputs, call, _SUMMARY)

    def told(self, made: _Made, inputs: list[InputSpec], call: ast.Call, kind: str) -> Use:
        if not inputs:
            raise Unclear
        origin = f"{self.source.name}:{call.lineno} {kind}"
        return Use(made.network, tuple(inputs), origin, made.arguments)


def _visible(source: Source, networks: Sequence[Network]) -> Iterator[tuple[str, Network]]:
    """The networks by the names that they have in a file: its own, and imported ones."""
    for network in networks:
        if network.source.path == source.path:
            yield network.name, network
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom):
            module = tuple((node.module or "").split("."))
            for alias in node.names:
                for network in networks:
                    if alias.name == network.name and _ends(network.source.module, module):
                        yield alias.asname or alias.name, network
                    if _ends(network.source.module, (*module, alias.name)):
                        yield f"{alias.asname or alias.name}.{network.name}", network
        elif isinstance(node, ast.Import):
            for alias in node.names:
                for network in networks:
                    if _ends(network.source.module, tuple(alias.name.split("."))):
                        yield f"{alias.asname or alias.name}.{network.name}", network


def _ends(module: tuple[str, ...], written: tuple[str, ...]) -> bool:
    """Whether a file may be imported by what is written, from one folder or another.

    A package may offer what its modules hold: `from shop import UNet` for `shop/unet.py`.
    """
    written = tuple(part for part in written if part)
    if not written:  # from . import UNet
        return True
    return module[-len(written) :] == written or (
        len(module) > 1 and module[:-1][-len(written) :] == written
    )


def _module(node: ast.AST) -> str:
    if isinstance(node, ast.ImportFrom):
        return node.module or ""
    return node.names[0].name if isinstance(node, ast.Import) else ""


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement, without the statements in it."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield child


def _expects_an_error(statement: ast.With) -> bool:
    """Whether it is `with pytest.raises(...)` or `with self.assertRaises(...)`."""
    return any("raises" in ast.unparse(one.context_expr).lower() for one in statement.items)


def _is_main(test: ast.expr) -> bool:
    return ast.unparse(test).replace('"', "'") == "__name__ == '__main__'"


def _written(one: object) -> str:
    """A literal as Python writes it."""
    if isinstance(one, (tuple, list, dict)):
        for inner in one.values() if isinstance(one, dict) else one:
            _written(inner)
    elif not isinstance(one, (bool, int, float, str, type(None))):
        raise Unclear
    return repr(one)
