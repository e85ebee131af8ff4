"""The user's own statement around a call: what becomes of a value, which attribute it goes to.

Read from the source, and only where a rule has a suspicion: parsing a file costs milliseconds.
"""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convlint.diagnostic import Location


@dataclass(frozen=True, slots=True)
class Written:
    """An expression, the statement it stands in, and what lies around that."""

    expression: ast.expr
    statement: ast.stmt
    block: tuple[ast.stmt, ...]
    """The statements in one row with it."""
    function: ast.FunctionDef | ast.AsyncFunctionDef
    filename: str
    lines: tuple[str, ...]

    @property
    def following(self) -> tuple[ast.stmt, ...]:
        """The statements behind it in its block."""
        return self.block[self.block.index(self.statement) + 1 :]

    def location(self, node: ast.AST) -> Location:
        """Where a node of the same file is."""
        row, column, end_row, end_column = _span(node, self.lines)
        return Location(self.filename, row, column, end_row, end_column)


def written(at: Location | None) -> Written | None:
    """What is written at `at`; None where there is no source, or it lies in no function."""
    if at is None:
        return None
    lines = tuple(linecache.getlines(at.filename))
    tree = _parsed("".join(lines))
    if tree is None:
        return None
    chain = list(_around(tree, at, lines))
    expressions = [n for n in chain if isinstance(n, ast.expr)]
    functions = [n for n in chain if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    places = [i for i, node in enumerate(chain) if isinstance(node, ast.stmt)]
    if not expressions or not functions or not places or places[-1] == 0:
        return None
    statement, parent = chain[places[-1]], chain[places[-1] - 1]
    assert isinstance(statement, ast.stmt)
    if statement is functions[-1]:
        return None  # an argument's default
    block = next((b for b in _blocks(parent) if statement in b), None)
    if block is None:
        return None
    return Written(expressions[-1], statement, tuple(block), functions[-1], at.filename, lines)


def discarded(found: Written) -> str | None:
    """Whether nobody can read the value of a whole statement.

    Returns:
        The name that it is given to and that is never read; "" where it is given none; None
        where it may be read.
    """
    statement = found.statement
    if isinstance(statement, ast.Expr):
        return "" if statement.value is found.expression else None
    name = _name(statement)
    if name is None or getattr(statement, "value", None) is not found.expression:
        return None
    if name.startswith("_") or _is_shared(found.function, name):
        return None
    if not _reads(found.function, name):
        return name
    for later in found.following:
        if _reads(later, name) or not isinstance(later, (ast.Assign, ast.AnnAssign, ast.Expr)):
            return None
        if _name(later) == name:
            return name
    return None


def attribute(found: Written) -> str | None:
    """The attribute of `self` that a statement gives its value to."""
    statement = found.statement
    if getattr(statement, "value", None) is not found.expression:
        return None
    return _attribute(statement, _self(found.function))


def overwriting(found: Written) -> ast.stmt | None:
    """The statement that gives the same attribute another value before anything has read it.

    Only where it certainly runs too: it stands in the same block, and nothing leaves the block,
    or might read the attribute, in between.
    """
    name, me = attribute(found), _self(found.function)
    if name is None:
        return None
    for later in found.following:
        if any(
            isinstance(n, (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.Yield))
            for n in ast.walk(later)
        ) or _may_use(later, me, name):
            return None
        if _attribute(later, me) == name:
            return later
    return None


def _may_use(statement: ast.stmt, me: str, name: str) -> bool:
    """Whether a statement reads the attribute, or hands all of `self` (or a method) on."""
    attributes = [n for n in ast.walk(statement) if isinstance(n, ast.Attribute)]
    owners = {id(a.value) for a in attributes}
    called = {id(n.func) for n in ast.walk(statement) if isinstance(n, ast.Call)}
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and node.id == me and id(node) not in owners:
            return True
    for a in attributes:
        if isinstance(a.value, ast.Name) and a.value.id == me:
            if isinstance(a.ctx, ast.Load) and (a.attr == name or id(a) in called):
                return True
            if isinstance(a.ctx, ast.Del) and a.attr == name:
                return True
    return False


def _attribute(statement: ast.stmt, me: str) -> str | None:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    if len(targets) != 1 or not isinstance(targets[0], ast.Attribute):
        return None
    owner = targets[0].value
    return targets[0].attr if isinstance(owner, ast.Name) and owner.id == me else None


def _self(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return arguments[0].arg if arguments else ""


def _name(statement: ast.stmt) -> str | None:
    """The one name that a statement assigns."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target: ast.expr = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return None
    return target.id if isinstance(target, ast.Name) else None


def _reads(node: ast.AST, name: str) -> bool:
    return any(
        (isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Store))
        or (isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name) and n.target.id == name)
        or (isinstance(n, ast.Name) and n.id in ("locals", "eval", "exec", "vars"))
        for n in ast.walk(node)
    )


def _is_shared(function: ast.AST, name: str) -> bool:
    return any(
        isinstance(n, (ast.Global, ast.Nonlocal)) and name in n.names for n in ast.walk(function)
    )


@functools.lru_cache(maxsize=16)
def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text) if text else None
    except (SyntaxError, ValueError, RecursionError):
        return None


def _around(tree: ast.AST, at: Location, lines: Sequence[str]) -> Iterator[ast.AST]:
    """The nodes around a span, outermost first."""
    node: ast.AST | None = tree
    while node is not None:
        yield node
        node = next((c for c in _children(node) if _contains(c, at, lines)), None)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if hasattr(child, "lineno"):
            yield child
        else:  # has no place of its own, as the clause of a comprehension
            yield from _children(child)


def _contains(node: ast.AST, at: Location, lines: Sequence[str]) -> bool:
    if not node.lineno <= at.row or not at.end_row <= (node.end_lineno or 0):  # type: ignore[attr-defined]
        return False
    row, column, end_row, end_column = _span(node, lines)
    return (row, column) <= (at.row, at.column) and (at.end_row, at.end_column) <= (
        end_row,
        end_column,
    )


def _span(node: ast.AST, lines: Sequence[str]) -> tuple[int, int, int, int]:
    """Rows and columns in characters, from 1; the end column is exclusive."""
    row: int = node.lineno  # type: ignore[attr-defined]
    end_row: int = node.end_lineno  # type: ignore[attr-defined]

    def column(row: int, offset: int) -> int:
        line = lines[row - 1] if row <= len(lines) else ""
        return (len(line.encode()[:offset].decode(errors="ignore")) if line else offset) + 1

    start, end = node.col_offset, node.end_col_offset  # type: ignore[attr-defined]
    return row, column(row, start), end_row, column(end_row, end)


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block
