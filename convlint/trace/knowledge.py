"""What the answers so far say about further questions: no path may contradict itself.

A network that asks `x.mean() > 0` twice, or first that and then `x.mean() <= 0`, gets answers
that data could give.  A number of which nothing is known is an interval here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
import torch.fx

_NEGATED: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRRORED: Final = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
COMPARISONS: Final = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
"""The operators that compare tensors."""

_DEPTH: Final = 4
"""How far back two computations are compared; what lies before must be the same node."""

_RANDOM: Final = frozenset(
    {"rand", "randn", "randint", "rand_like", "randn_like", "randint_like", "randperm", "bernoulli",
     "bernoulli_", "multinomial", "normal", "normal_", "uniform_", "dropout", "exponential_"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """`subject op constant`, asked of a number that only data can tell."""

    subject: tuple[Any, ...]
    """The same for two computations of the same number."""
    op: str
    constant: float
    integral: bool = False
    least: float = -math.inf
    inputs: frozenset[str] = frozenset()
    """The network's inputs that the number is computed from."""

    @property
    def negated(self) -> Question:
        """The question whose answer is the opposite."""
        return replace(self, op=_NEGATED[self.op])


@dataclass(slots=True)
class _Interval:
    low: float
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    holes: tuple[float, ...] = ()

    def says(self, op: str, c: float) -> bool | None:
        """The answer to `number op c`, where it is certain."""
        if op in ("!=", "<=", "<"):
            opposite = self.says(_NEGATED[op], c)
            return None if opposite is None else not opposite
        if op == "==":
            if self.low == self.high == c:
                return True
            outside = c in self.holes or self._above(c) or self._below(c)
            return False if outside else None
        if op == ">":
            if self._above(c):
                return True
            return False if self.high <= c else None
        if self.low >= c:
            return True
        return False if self._below(c) else None

    def _above(self, c: float) -> bool:
        return self.low > c or (self.low == c and self.low_open)

    def _below(self, c: float) -> bool:
        return self.high < c or (self.high == c and self.high_open)

    def narrow(self, op: str, c: float, integral: bool) -> None:
        """Learn that `number op c` holds."""
        if op == "!=":
            self.holes += (c,)
            if integral and c == self.low:
                self.low += 1
            elif integral and c == self.high:
                self.high -= 1
        if op in (">", ">=", "=="):
            opened, low = op == ">", c
            if integral:
                low, opened = float(math.floor(c) + 1 if opened else math.ceil(c)), False
            if low > self.low or (low == self.low and opened):
                self.low, self.low_open = low, opened
        if op in ("<", "<=", "=="):
            opened, high = op == "<", c
            if integral:
                high, opened = float(math.ceil(c) - 1 if opened else math.floor(c)), False
            if high < self.high or (high == self.high and opened):
                self.high, self.high_open = high, opened


class Knowledge:
    """The answers that were given on one path."""

    def __init__(self) -> None:
        self._known: dict[Any, _Interval] = {}

    def answer(self, question: Question) -> bool | None:
        """The answer that follows from earlier ones; None where both are possible."""
        if not math.isfinite(question.constant):
            return None
        interval = self._known.get(question.subject) or _Interval(question.least)
        return interval.says(question.op, question.constant)

    def learn(self, question: Question, answer: bool) -> None:
        """An answer was given."""
        held = question if answer else question.negated
        if not math.isfinite(held.constant):
            return
        interval = self._known.setdefault(held.subject, _Interval(held.least))
        interval.narrow(held.op, held.constant, held.integral)
        quantifier, of = held.subject[0], held.subject[1:]
        if quantifier == "all" and interval.says(">", 0):  # what holds for all holds for any
            self._known.setdefault(("any", *of), _Interval(0)).narrow(">", 0, True)
        elif quantifier == "any" and interval.says("==", 0):
            self._known.setdefault(("all", *of), _Interval(0)).narrow("<=", 0, True)


def of_truth(node: torch.fx.Node) -> Question:
    """`if tensor:` as a question."""
    name, negated = title(node), False
    while name in ("logical_not", "bitwise_not", "__invert__") and _is_node(node.args[:1]):
        node, negated = node.args[0], not negated  # type: ignore[assignment]
        name = title(node)
    question = _of_truth(node, name)
    return question.negated if negated else question


def _of_truth(node: torch.fx.Node, name: str) -> Question:
    inputs = inputs_of(node)
    op = COMPARISONS.get(name.strip("_"))
    if op is not None and len(node.args) == 2:
        left, right = node.args
        if isinstance(left, torch.fx.Node) and isinstance(right, (int, float)):
            return Question(key(left), op, float(right), inputs=inputs)
        if isinstance(left, torch.fx.Node) and isinstance(right, torch.fx.Node):
            return _of_two(key(left), op, key(right), inputs)
    if name in ("any", "all") and len(node.args) == 1 and _is_node(node.args) and not node.kwargs:
        of: Any = node.args[0]
        opposite = title(of) in ("logical_not", "bitwise_not", "__invert__") and _is_node(of.args)
        if opposite:  # none is: not all are
            name, of = ("all" if name == "any" else "any"), of.args[0]
        return Question((name, key(of)), "<=" if opposite else ">", 0.0, True, 0.0, inputs)
    return Question(key(node), "!=", 0.0, inputs=inputs)


def of_comparison(
    left: Any, op: str, right: Any, integral: bool, least: float, inputs: frozenset[str]
) -> Question:
    """A comparison of numbers, given their keys (plain numbers stand for themselves)."""
    if isinstance(right, (int, float)):
        return Question(left, op, float(right), integral, least, inputs)
    if isinstance(left, (int, float)):
        return Question(right, _MIRRORED[op], float(left), integral, least, inputs)
    return _of_two(left, op, right, inputs)


def _of_two(left: Any, op: str, right: Any, inputs: frozenset[str]) -> Question:
    """The difference of two numbers, compared with zero."""
    if repr(left) > repr(right):
        left, right, op = right, left, _MIRRORED[op]
    return Question(("difference", left, right), op, 0.0, inputs=inputs)


def key(node: torch.fx.Node, depth: int = _DEPTH) -> tuple[Any, ...]:
    """The same for two nodes that compute the same from the same tensors."""
    if depth == 0 or node.op not in ("call_function", "call_method") or title(node) in _RANDOM:
        return node.name, _writes(node)
    return (
        title(node),
        _key(node.args, depth - 1),
        _key(tuple(sorted(node.kwargs.items())), depth - 1),
        _writes(node),
    )


def _key(value: Any, depth: int) -> Any:
    if isinstance(value, torch.fx.Node):
        return key(value, depth)
    if isinstance(value, (tuple, list)):
        return tuple(_key(item, depth) for item in value)
    return repr(value)


def _writes(node: torch.fx.Node) -> int:
    """How often something was written into the tensor since."""
    return sum(title(user) in ("setitem", "__setitem__") for user in node.users)


def title(node: torch.fx.Node) -> str:
    """What a node calls: `mean`, `gt`."""
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")


def _is_node(values: Any) -> bool:
    return bool(values) and isinstance(values[0], torch.fx.Node)


def inputs_of(node: torch.fx.Node) -> frozenset[str]:
    """The placeholders that `node` is computed from."""
    found, seen, pending = set(), {node}, [node]
    while pending:
        one = pending.pop()
        if one.op == "placeholder":
            found.add(one.name)
        fresh = [other for other in one.all_input_nodes if other not in seen]
        seen.update(fresh)
        pending += fresh
    return frozenset(found)
