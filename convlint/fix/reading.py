"""Who reads what a name of a function holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import libcst as cst

from convlint.diagnostic import Edit
from convlint.fix.patch import by_file
from convlint.fix.source import Sources
from convlint.fix.tree import Tree
from convlint.network import Network

_WORD: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass
class Readers:
    """Who reads the tensors of a network by name."""

    sources: Sources
    network: Network
    _functions: dict[str, list[cst.FunctionDef]] = field(default_factory=dict)

    @cached_property
    def _made(self) -> set[tuple[str, int]]:
        """The rows where tensors are made."""
        calls = (one.call for one in self.network.layers)
        return {(call.filename, call.row) for call in calls if call is not None}

    def lost(self, edits: Sequence[Edit]) -> bool:
        """Whether a tensor that is read where the edits are is read nowhere after them."""
        for name, some in by_file(edits).items():
            tree = self.sources.tree(name)
            words = _removed(tree, some) if tree is not None else ()
            if tree is None or not words:
                continue
            scope = self._function(tree, some[0].location.row)
            if scope is not None and any(self._is_lost(tree, scope, w, some) for w in words):
                return True
        return False

    def _function(self, tree: Tree, row: int) -> cst.FunctionDef | None:
        """The innermost function around a row."""
        if tree.filename not in self._functions:
            self._functions[tree.filename] = list(tree.all(cst.FunctionDef))
        around = (
            one
            for one in reversed(self._functions[tree.filename])
            if tree.place(one).row <= row <= tree.place(one).end_row
        )
        return next(around, None)

    def _is_lost(
        self, tree: Tree, scope: cst.FunctionDef, name: str, edits: Sequence[Edit]
    ) -> bool:
        """Whether a name holds a tensor there, and nobody else reads it before it is another."""
        at = edits[0].location.row
        bound = list(_bindings(tree, scope, name))
        since = max((row for row in bound if row < at), default=-1)
        if since and (tree.filename, since) not in self._made:
            return False
        until = min((row for row in bound if row >= at), default=None)
        spans = [tree.offsets(edit.location) for edit in edits]
        for node in tree.all(cst.Name, scope.body):
            row = tree.place(node).row if node.value == name else 0
            if row > since and (until is None or row <= until) and _is_read(tree, node):
                start, end = tree.span(node)
                if not any(begin <= start and end <= stop for begin, stop in spans):
                    return False
        return True


def _removed(tree: Tree, edits: Iterable[Edit]) -> set[str]:
    """The words that edits take away."""
    old, new = set[str](), set[str]()
    for edit in edits:
        start, end = tree.offsets(edit.location)
        old.update(_WORD.findall(tree.text[start:end]))
        new.update(_WORD.findall(edit.content))
    return old - new


def _bindings(tree: Tree, scope: cst.FunctionDef, name: str) -> Iterator[int]:
    """The rows in which a name gets a value: 0 for what `forward` is given."""
    params = scope.params
    given = (*params.posonly_params, *params.params, *params.kwonly_params)
    if scope.name.value == "forward" and any(p.name.value == name for p in given[1:]):
        yield 0
    for target in tree.all(cst.AssignTarget, scope.body):
        if any(one.value == name for one in tree.all(cst.Name, target.target)):
            yield tree.place(target).row


def _is_read(tree: Tree, node: cst.Name) -> bool:
    """Whether a name stands for its value: not an attribute's, a keyword, or a target."""
    outer = next(tree.around(node))
    if isinstance(outer, cst.Attribute):
        return outer.value is node
    if isinstance(outer, cst.Arg):
        return outer.keyword is not node
    targets = (cst.AssignTarget, cst.AnnAssign)
    inner: cst.CSTNode = node
    for outer in tree.around(node):
        if isinstance(outer, targets):
            return inner is not outer.target
        if not isinstance(outer, (cst.Tuple, cst.List, cst.Element)):
            return True
        inner = outer
    return True
