"""The layers of a network as rows of a table: what `convlint shapes` and the reports show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from convlint.diagnostic import Diagnostic
from convlint.job import Row
from convlint.network import Network

_SOURCES: Final = frozenset({"input", "parameter", "buffer", "constant"})


def count(network: Network) -> int:
    """How many layers there are, without inputs and weights."""
    return sum(layer.op not in _SOURCES for layer in network.layers)


def shown(network: Network, found: tuple[Diagnostic, ...]) -> Iterator[Row]:
    """A row for every layer and input, with the codes of what was found of it."""
    codes: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for diagnostic in found:
        key = (diagnostic.layer, diagnostic.input_shapes)
        codes.setdefault(key, []).append(diagnostic.code)
    for layer in network.layers:
        if layer.op in _SOURCES and layer.op != "input":
            continue
        inputs = tuple(
            str(t) for t in layer.tensors if layer.module is None or t.source is not None
        )
        yield Row(
            layer.path if layer.module is not None else layer.name,
            layer.written if layer.op != "input" else "input",
            inputs,
            ", ".join(str(t) for t in layer.outputs) or None,
            layer.formula,
            layer.call,
            tuple(dict.fromkeys(codes.get((layer.path, inputs), ()))),
            layer.path,
        )
