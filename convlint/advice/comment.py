"""Comments that tell a shape, and what really comes out on their lines.

    x = self.conv1(x)  # (N, 16, 8, 8)

Only the functions that made layers are looked at, and parsed only where such a comment stands.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Final, TypeAlias

from convlint.advice.dependence import owner_of
from convlint.arithmetic.notation import Notation, notation
from convlint.diagnostic import Location
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec

_LIKELY: Final = re.compile(
    rb"#[^\n]*?(?:[\[(][^\s,()\[\]]{1,24}\s*,|[\d\sA-Z)]x[\d\sA-Z(]|\xc3\x97|\d@\d"
    rb"|\b(?:[NnBb]|bs|BS|bsz|batch\w*)\s*,)"
)
"""What a comment has that may be a shape: `(N,`, ` x `, `×`, `6@28`, `N,`."""
_INSTALLED: Final = ("site-packages", "dist-packages")

_HELD: Final = frozenset({"parameter", "buffer", "constant"})

_Point: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comment:
    """A trailing comment that tells a shape, on a line that was run.

    `results` are the tensors that come out of its line, in the order of the runs; `made` are all
    that are made there, also on the way, and `taken` are those that go in.
    """

    text: str
    written: Notation
    location: Location
    owner: str
    """The class of the function it stands in, as `convlint.advice.dependence` calls it."""
    results: tuple[TensorSpec, ...]
    made: tuple[TensorSpec, ...]
    taken: tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """The comments of one function, and the variables that it gives several values."""

    comments: tuple[Comment, ...]
    rebound: frozenset[str]


@dataclass(slots=True)
class _Line:
    """A statement with such a comment behind it, or one that gives a value to `target`."""

    start: _Point
    end: _Point
    given: tuple[str, ...]
    """All variables that it gives a value to."""
    target: str | None
    returned: str | None
    comment: tuple[int, int, str, Notation] | None
    layers: list[Layer]


def passages(network: Network) -> Iterator[Passage]:
    """Every function that ran and has such comments."""
    found = {}
    for code, rows in _commented(network):
        lines = _lines(code, rows)
        if any(line.comment for line in lines):
            found[id(code)] = code, lines, _spans(code)
    if not found:
        return
    around: dict[tuple[int, int], list[_Line]] = {}
    for layer in network.layers:
        for frame in layer.frames:
            known = found.get(id(frame.code))
            if known is None:
                continue
            place = id(frame.code), frame.lasti
            if place not in around:
                start, end = known[2][frame.lasti // 2]
                around[place] = [n for n in known[1] if n.start <= start and end <= n.end]
            for line in around[place]:
                line.layers.append(layer)
    outer = {t.source.name for t in _flat(network.outputs) if t.source is not None}
    for code, lines, _ in found.values():
        told = tuple(_told(code, lines, network, outer))
        if told:
            given = Counter(name for line in lines for name in line.given)
            yield Passage(told, frozenset(name for name, times in given.items() if times > 1))


def _commented(network: Network) -> Iterator[tuple[CodeType, dict[int, str]]]:
    """The functions that made layers and have such comments, with the comments by row.

    Installed libraries only where nothing else is checked: nobody mends theirs.
    """
    codes = {id(f.code): f.code for layer in network.layers for f in layer.frames}
    by_file: dict[str, list[CodeType]] = {}
    for code in codes.values():
        by_file.setdefault(code.co_filename, []).append(code)
    own = {name: held for name, held in by_file.items() if not _is_installed(name)}
    for filename, held in (own or by_file).items():
        if _may_tell(filename):
            rows = {
                row: line
                for row, line in enumerate(linecache.getlines(filename), 1)
                if "#" in line and _LIKELY.search(line.encode())
            }
            for code in held:
                yield code, rows


def _may_tell(filename: str) -> bool:
    """Whether a file may have such comments: read at once, for most have none."""
    try:
        with open(filename, "rb") as stream:
            return _LIKELY.search(stream.read()) is not None
    except OSError:  # a notebook's cell, which only linecache knows
        return True


def _is_installed(filename: str) -> bool:
    return any(f"{os.sep}{name}{os.sep}" in filename for name in _INSTALLED)


def _lines(code: CodeType, rows: dict[int, str]) -> list[_Line]:
    """The simple statements of a function, none where no such comment stands in it."""
    first = code.co_firstlineno
    last = max((row for _, _, row in code.co_lines() if row), default=first)
    comments = {row: told for row in rows if first <= row <= last and (told := _read(rows[row]))}
    if not comments:
        return []
    statements = _statements(code.co_filename, first)
    by_row = {s.end_lineno: s for s in statements}  # of several on a row, the last
    lines = []
    for statement in statements:
        row, column = statement.end_lineno or 0, statement.end_col_offset or 0
        comment = comments.get(row) if by_row[row] is statement else None
        if comment is not None and comment[0] < column:  # a `#` inside a string
            comment = None
        target, returned = _target(statement), _returned(statement)
        start = (statement.lineno, statement.col_offset)
        told = (row, *comment[1:]) if comment is not None else None
        lines.append(_Line(start, (row, column), _given(statement), target, returned, told, []))
    return lines


def _read(line: str) -> tuple[int, int, str, Notation] | None:
    """A row's comment: its column in bytes and in characters, its text, its shape.

    Where several stand on a row (`# (N, 16)  # noqa`), the first that is a shape.
    """
    column = line.find("#")
    while column >= 0:
        following = line.find("#", column + 1)
        if line[:column].strip():
            text = line[column : following if following >= 0 else None].rstrip()
            written = notation(text)
            if written is not None:
                return len(line[:column].encode()), column + 1, text, written
        column = following
    return None


def _statements(filename: str, first: int) -> list[ast.stmt]:
    """The simple statements of the function that begins at row `first`, in their order."""
    try:
        block = inspect.getblock(linecache.getlines(filename)[first - 1 :])
        text = "".join(block)
        indented = text[:1].isspace()
        tree = ast.parse("if 1:\n" + text if indented else text)
    except (SyntaxError, ValueError, IndentationError, RecursionError, MemoryError):
        return []
    ast.increment_lineno(tree, first - 2 if indented else first - 1)
    kinds = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr)
    found = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return sorted(found, key=lambda s: (s.lineno, s.col_offset))


def _given(statement: ast.stmt) -> tuple[str, ...]:
    names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return tuple(name.id for name in names if isinstance(name.ctx, ast.Store))


def _target(statement: ast.stmt) -> str | None:
    """The one variable that a statement gives a value to."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
        targets = [statement.target]
    if len(targets) == 1 and isinstance(targets[0], (ast.Name, ast.Attribute)):
        return ast.unparse(targets[0])
    return None


def _returned(statement: ast.stmt) -> str | None:
    """The variable that a statement returns; "" for another expression that is one value."""
    value = statement.value if isinstance(statement, ast.Return) else None
    if value is None or isinstance(value, (ast.Tuple, ast.List, ast.Dict)):
        return None
    return ast.unparse(value) if isinstance(value, (ast.Name, ast.Attribute)) else ""


def _spans(code: CodeType) -> list[tuple[_Point, _Point]]:
    """Where every instruction stands: (row, byte column) of its beginning and end."""
    nowhere = (0, 0)
    return [
        ((row, column), (end_row, end))
        if row is not None and end_row is not None and column is not None and end is not None
        else (nowhere, nowhere)
        for row, end_row, column, end in code.co_positions()
    ]


def _told(
    code: CodeType, lines: Sequence[_Line], network: Network, outer: set[str]
) -> Iterator[Comment]:
    for line in lines:
        if line.comment is None or (line.target is None and line.returned is None):
            continue
        row, column, text, written = line.comment
        variable = line.target or line.returned or None
        if written.name not in (None, variable) and line.returned != "":
            continue  # said of another tensor
        layers = line.layers
        results = tuple(_leaving(layers, network, outer))
        if not layers and line.returned:
            given = [other for other in lines if other.target == line.returned]
            layers = [layer for other in given for layer in other.layers]
            last = next((o for o in reversed(given) if o.layers), None)
            results = tuple(_leaving(last.layers, network, outer)) if last else ()
        if results:
            end = column + len(text)
            filename = os.path.abspath(code.co_filename)
            place = Location(filename, row, column, row, end)
            owner = owner_of(code.co_filename, code.co_qualname)
            yield Comment(
                text, written, place, owner, results, tuple(_made(layers)), tuple(_taken(layers))
            )


def _leaving(layers: Sequence[Layer], network: Network, outer: set[str]) -> Iterator[TensorSpec]:
    """What a statement hands on: made in it, and taken by a layer outside it or given out."""
    inside = {layer.name for layer in layers}
    for layer in layers:
        used = network.consumers.get(layer.name, ())
        if layer.name in outer or any(user.name not in inside for user in used):
            outputs = layer.outputs
            yield TensorSpec(None) if len(outputs) != 1 else _sourced(outputs[0], layer)


def _sourced(tensor: TensorSpec, layer: Layer) -> TensorSpec:
    return TensorSpec(tensor.shape, tensor.dtype, tensor.strides, layer)


def _made(layers: Sequence[Layer]) -> Iterator[TensorSpec]:
    for layer in layers:
        yield from (_sourced(t, layer) for t in layer.outputs)


def _taken(layers: Sequence[Layer]) -> Iterator[TensorSpec]:
    """What comes from other lines: inputs, and not what the network holds."""
    inside = {layer.name for layer in layers}
    for layer in layers:
        for tensor in layer.tensors:
            source = tensor.source
            if source is not None and source.name not in inside and source.op not in _HELD:
                yield tensor


def _flat(value: object) -> Iterator[TensorSpec]:
    if isinstance(value, TensorSpec):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _flat(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item)
