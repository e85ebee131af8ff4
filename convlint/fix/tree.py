"""One file of the user's source: its expressions by their places, and edits of its text.

The tree is libcst's, which gives every byte back as it was; an edit is the text between two
places, so that nothing else of the file can change.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar, cast

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider

from convlint.diagnostic import Edit, Location
from convlint.fix.lines import Lines

_N = TypeVar("_N", bound=cst.CSTNode)
_ATOMS: Final = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.List, cst.ListComp)
_TOKEN: Final = re.compile(r"\w+|\s+|.", re.DOTALL)


class Tree:
    """A parsed file.

    Raises:
        SyntaxError: it is not valid Python.
    """

    def __init__(self, filename: str, text: str) -> None:
        self.filename = filename
        self.text = text
        self._lines = Lines(text)
        try:
            wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        except cst.ParserSyntaxError as error:
            raise SyntaxError(str(error)) from None
        self.module = wrapper.module
        self._places = cast("dict[cst.CSTNode, CodeRange]", wrapper.resolve(PositionProvider))
        self._children: dict[cst.CSTNode, Sequence[cst.CSTNode]] = {}
        self._parents = cast("dict[cst.CSTNode, cst.CSTNode]", wrapper.resolve(ParentNodeProvider))

    @functools.cached_property
    def _by_place(self) -> dict[tuple[int, int, int, int], list[cst.CSTNode]]:
        found: dict[tuple[int, int, int, int], list[cst.CSTNode]] = {}
        for node, place in self._places.items():
            found.setdefault(_key(place), []).append(node)
        return found

    def at(self, place: Location) -> list[cst.CSTNode]:
        """The nodes that stand just there, the outermost first."""
        key = (place.row, place.column - 1, place.end_row, place.end_column - 1)
        found = self._by_place.get(key, [])
        return sorted(found, key=lambda node: len(list(self.around(node))))

    def running(self, place: Location) -> cst.BaseExpression | cst.AugAssign | None:
        """What Python was running when it said this place: an expression, or `a += b`."""
        kinds = (cst.BaseExpression, cst.AugAssign)
        return next((node for node in self.at(place) if isinstance(node, kinds)), None)

    def around(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """What `node` lies in, from the inside to the module."""
        parent = self._parents.get(node)
        while parent is not None:
            yield parent
            parent = self._parents.get(parent)

    def all(self, kind: type[_N], within: cst.CSTNode | None = None) -> Iterator[_N]:
        """Every node of a kind, in the order of the text."""
        pending: list[cst.CSTNode] = [self.module if within is None else within]
        while pending:
            node = pending.pop()
            if isinstance(node, kind):
                yield node
            pending.extend(reversed(self._below(node)))

    def own(self, scope: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes of a function or a module, without those of the functions in it."""
        pending: list[cst.CSTNode] = list(reversed(self._below(scope)))
        while pending:
            node = pending.pop()
            yield node
            if not isinstance(node, (cst.FunctionDef, cst.Lambda)):
                pending.extend(reversed(self._below(node)))

    def _below(self, node: cst.CSTNode) -> Sequence[cst.CSTNode]:
        """The children of a node, which libcst looks for each time."""
        if node not in self._children:
            self._children[node] = node.children
        return self._children[node]

    def place(self, node: cst.CSTNode) -> Location:
        """Where a node stands, without the parentheses around it."""
        span = self._places[node]
        return Location(
            self.filename,
            span.start.line,
            span.start.column + 1,
            span.end.line,
            span.end.column + 1,
        )

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where a node stands, as offsets in the text."""
        return self._lines.span(self.place(node))

    def offsets(self, place: Location) -> tuple[int, int]:
        """A place as offsets in the text."""
        return self._lines.span(place)

    def code(self, node: cst.CSTNode) -> str:
        """A node as it is written, without the parentheses around it."""
        start, end = self.span(node)
        return self.text[start:end]

    def operand(self, node: cst.BaseExpression) -> str:
        """The text of an expression, so that a dot or a bracket may follow."""
        code = self.code(node)
        return code if isinstance(node, _ATOMS) else f"({code})"

    def instead(self, node: cst.CSTNode, content: str) -> Edit:
        """Write `content` in place of `node`: an edit of what differs, in whole words."""
        start, end = self.span(node)
        old, new = _TOKEN.findall(self.text[start:end]), _TOKEN.findall(content)
        head = _common(old, new)
        most = min(len(old), len(new)) - head
        tail = min(_common(old[::-1], new[::-1]), most)
        start += sum(map(len, old[:head]))
        end -= sum(map(len, old[len(old) - tail :]))
        return self.edit(start, end, "".join(new[head : len(new) - tail]))

    def edit(self, start: int, end: int, content: str) -> Edit:
        """Write `content` in place of the text between two offsets."""
        return Edit(content, self._lines.place(self.filename, start, end))


def _key(span: CodeRange) -> tuple[int, int, int, int]:
    return (span.start.line, span.start.column, span.end.line, span.end.column)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words are the same at the beginning."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return count
