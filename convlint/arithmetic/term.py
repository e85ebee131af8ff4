"""A size as people write it: `16`, `H/2`, `2*C`, `512*7*7`, `?`.

The words of `--input`, `--dim` and `--expect`, and of comments that tell a shape.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

_FREE: Final = frozenset({"?", "*", "-1", "None", "_"})
_REST: Final = frozenset({"...", "…"})
_SIGNS: Final = str.maketrans({"·": "*", "×": "*", "÷": "/", "−": "-", "'": "ʹ", "′": "ʹ"})
_OPERATORS: Final[Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
}
_LARGEST: Final = 2**63


@dataclass(frozen=True, slots=True)
class Term:
    """What is written for one axis.

    `tree` is None for a size that may be anything (`?`), and for the axes that are left out
    (`...`: `rest` is True).
    """

    text: str
    tree: ast.expr | None = field(default=None, compare=False, repr=False)
    rest: bool = False

    @property
    def letters(self) -> tuple[str, ...]:
        """The names in it, in order, each once."""
        if self.tree is None:
            return ()
        names = (node.id for node in _nodes(self.tree) if isinstance(node, ast.Name))
        return tuple(dict.fromkeys(names))

    @property
    def letter(self) -> str | None:
        """The name, where it is nothing but one."""
        return self.tree.id if isinstance(self.tree, ast.Name) else None

    @property
    def number(self) -> int | None:
        """The number that it is, without any letter."""
        if self.tree is None or self.letters:
            return None
        found = self.values({})
        return found[0] if len(found) == 1 else None

    def values(self, known: Mapping[str, int]) -> tuple[int, ...]:
        """The sizes that are meant; none where a letter is not known or no size comes out.

        Where a division leaves a rest, rounding down and rounding up are both meant.
        """
        if self.tree is None:
            return ()
        try:
            value = _value(self.tree, known)
        except (KeyError, ZeroDivisionError, OverflowError):
            return ()
        ends = (math.floor(value), math.ceil(value))
        return tuple(end for end in dict.fromkeys(ends) if 0 <= end < _LARGEST)

    def exact(self, known: Mapping[str, int]) -> int | None:
        """The one number that it is, without rounding (`H//4` rounds down because it says so).

        None where a letter is not known, or where no whole number comes out.
        """
        if self.tree is None:
            return None
        try:
            value = _value(self.tree, known)
        except (KeyError, ZeroDivisionError):
            return None
        return value.numerator if value.denominator == 1 else None

    def at(self, known: Mapping[str, int]) -> Term:
        """The same size, where some letters are these numbers."""
        return self if self.tree is None else replace(self, tree=_with(self.tree, known))


def letter(name: str, text: str) -> Term:
    """The letter `name`, written as `text`."""
    return Term(text, ast.Name(name))


def term(text: str) -> Term | None:
    """The size that `text` is; None where it is none."""
    text = text.strip()
    if text in _FREE:
        return Term(text)
    if text in _REST:
        return Term(text, rest=True)
    written = re.sub(r"(?<![\w.])(\d+)(?=[^\W\d]|\()", r"\1*", text.translate(_SIGNS))
    if len(written) > 60 or not re.fullmatch(r"[\w\s+\-*/()]+", written):
        return None
    try:
        tree = ast.parse(written, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return Term(text, tree) if all(_is_plain(node) for node in _nodes(tree)) else None


def _nodes(tree: ast.expr) -> Iterator[ast.expr]:
    yield tree
    if isinstance(tree, ast.BinOp):
        yield from _nodes(tree.left)
        yield from _nodes(tree.right)


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in _OPERATORS
    if isinstance(node, ast.Constant):
        return type(node.value) is int and node.value < _LARGEST
    return isinstance(node, ast.Name)


def _with(tree: ast.expr, known: Mapping[str, int]) -> ast.expr:
    if isinstance(tree, ast.BinOp):
        return ast.BinOp(_with(tree.left, known), tree.op, _with(tree.right, known))
    if isinstance(tree, ast.Name) and tree.id in known:
        return ast.Constant(known[tree.id])
    return tree


def _value(tree: ast.expr, known: Mapping[str, int]) -> Fraction:
    if isinstance(tree, ast.BinOp):
        left, right = _value(tree.left, known), _value(tree.right, known)
        return _OPERATORS[type(tree.op)](left, right)
    if isinstance(tree, ast.Name):
        return Fraction(known[tree.id])
    assert isinstance(tree, ast.Constant)
    assert isinstance(tree.value, int)
    return Fraction(tree.value)
