"""Sizes as functions of the letters: evaluated for all candidates at once, when that is asked.

A size is `scale · node + offset`, so that adding paddings and multiplying by strides makes no new
node, and the same function is the same node: ⌊(⌊p/m⌋ + k)/s⌋ = ⌊(p + k·m)/(m·s)⌋ keeps any chain
of windows to one floor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np

from convlint.arithmetic.expression import Expression
from convlint.sweep.grid import Grid, Numbers

_LARGEST: Final = 1 << 20
"""Periods beyond this prove nothing that could be looked at."""


class Linear(NamedTuple):
    """`scale · node + offset`, of integers."""

    scale: int
    node: Node
    offset: int

    def array(self) -> Numbers:
        """The values over the grid."""
        values = self.node.array()
        if self.scale != 1:
            values = values * self.scale
        return values + self.offset if self.offset else values

    def plus(self, number: int) -> Linear:
        """This and a number more."""
        return Linear(self.scale, self.node, self.offset + number)

    def times(self, number: int) -> Linear:
        """This so many times."""
        return Linear(self.scale * number, self.node, self.offset * number)


@dataclass(frozen=True, slots=True)
class Quasi:
    """How a function goes on beyond the grid: for every letter, by index along its axis.

    With the letter `period` indices further, again and again, the values are those of a
    polynomial of `degree`; where all other letters add to it only, a step of one `period` adds
    `slope · period`.
    """

    periods: tuple[int, ...]
    degrees: tuple[int, ...]
    slopes: tuple[Fraction | None, ...]


_DEEP: Final = 60
"""How far a function may refer to others before what they are is found out: Python's stack ends."""


class Node:
    """A function of the letters.  Made by `Nodes` only, which knows every one of them."""

    __slots__ = (
        "_array", "_expression", "_quasi", "depth", "evaluate", "express", "go_on", "height",
    )  # fmt: skip

    def __init__(
        self,
        evaluate: Callable[[], Numbers],
        go_on: Callable[[], Quasi | None],
        express: Callable[[], Expression | None],
        depth: int,
        height: int,
    ) -> None:
        self.evaluate, self.go_on, self.express = evaluate, go_on, express
        self.depth, self.height = depth, height
        self._array: Numbers | None = None
        self._quasi: Any = self
        self._expression: Any = self

    def array(self) -> Numbers:
        """The values over the grid."""
        if self._array is None:
            self._array = self.evaluate()
            self.depth = 0
        return self._array

    def settle(self) -> None:
        """Find out now how it goes on and is written: what refers to it asks no further down."""
        _ = self.quasi, self.expression
        self.height = 0

    @property
    def quasi(self) -> Quasi | None:
        """How it goes on beyond the grid; None where that is not known."""
        if self._quasi is self:
            self._quasi = self.go_on()
        return self._quasi  # type: ignore[no-any-return]

    @property
    def expression(self) -> Expression | None:
        """How it is written; None where it hangs on a condition."""
        if self._expression is self:
            self._expression = self.express()
        return self._expression  # type: ignore[no-any-return]


class Sides(NamedTuple):
    """Two disjoint sets of candidates, as masks."""

    left: Numbers
    right: Numbers


class Case(NamedTuple):
    """`left` on one side, `right` on the other."""

    sides: Sides
    left: Linear | int
    right: Linear | int


class Nodes:
    """All functions over one grid, each once."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._known: dict[Any, Node] = {}
        self._parts: dict[Node, tuple[Linear, int]] = {}
        """What was divided by what, of floors."""
        self._rests: dict[Node, tuple[Linear, int]] = {}
        """What was divided by what, of rests."""
        self._factors: dict[Node, tuple[Linear, ...]] = {}
        """What was multiplied, of products."""
        self._periods: dict[Any, int] = {}
        """How masks repeat themselves."""
        self.cases: list[Case] = []
        """What was put together from several regions."""

    def letter(self, axis: int) -> Linear:
        """A letter itself."""
        key = ("letter", axis)
        if key not in self._known:
            values, step = self.grid.values[axis], self.grid.axes[axis].step
            own = [Fraction(0)] * len(self.grid.axes)
            own[axis] = Fraction(step or 0)
            here = tuple(int(i == axis) for i in range(len(own)))
            quasi = Quasi((1,) * len(own), here, tuple(own))
            known = step is not None or len(self.grid.axes[axis].sizes) == 1
            name, sizes = self.grid.axes[axis].letter, self.grid.axes[axis].sizes
            multiple = math.gcd(*sizes)
            self._known[key] = Node(
                lambda: values,
                lambda: quasi if known else None,
                lambda: Expression.symbol(name, multiple),
                0,
                0,
            )
        return Linear(1, self._known[key], 0)

    def _node(
        self,
        key: Any,
        parts: tuple[Linear, ...],
        evaluate: Callable[[], Numbers],
        go_on: Callable[[], Quasi | None],
        express: Callable[[], Expression | None],
    ) -> Node:
        found = self._known.get(key)
        if found is None:
            depth = 1 + max((part.node.depth for part in parts), default=0)
            height = 1 + max((part.node.height for part in parts), default=0)
            found = self._known[key] = Node(evaluate, go_on, express, depth, height)
            if depth > _DEEP:  # what refers to it need not go down deeper
                found.array()
            if height > _DEEP:
                found.settle()
        return found

    def sum(self, left: Linear, right: Linear) -> Linear | int:
        """`left + right`."""
        if left.node is right.node:
            scale, offset = left.scale + right.scale, left.offset + right.offset
            return Linear(scale, left.node, offset) if scale else offset
        whole = self._filled(left, right) or self._filled(right, left)
        if whole is not None:
            return whole
        one, two = Linear(left.scale, left.node, 0), Linear(right.scale, right.node, 0)
        if id(one.node) > id(two.node):
            one, two = two, one
        node = self._node(
            ("+", one, two),
            (one, two),
            lambda: one.array() + two.array(),
            lambda: _added(one, two),
            lambda: _combined(one, two, lambda a, b: a + b),
        )
        return Linear(1, node, left.offset + right.offset)

    def _filled(self, size: Linear, rest: Linear) -> Linear | int | None:
        """`n + -n % m` and `n − n % m` by one floor: filled up, or cut, to multiples of m."""
        if rest.node not in self._rests or abs(rest.scale) != 1:
            return None
        part, divisor = self._rests[rest.node]
        scale = -rest.scale * size.scale
        if part.node is not size.node or (scale - part.scale) % divisor:
            return None
        # p % m = p − m·⌊p/m⌋, and the p is what the size takes away
        floor = self.floor(Linear(scale, part.node, part.offset), divisor)
        offset = size.offset + rest.offset + rest.scale * part.offset
        times = -rest.scale * divisor
        if isinstance(floor, Linear):
            return floor.times(times).plus(offset)
        return floor * times + offset

    def product(self, left: Linear, right: Linear) -> Linear:
        """`left · right`; the factors in one order, so that H·W is W·H."""
        (a, ours), (b, theirs) = self.factors(left), self.factors(right)
        return self._of_factors(a * b, (*ours, *theirs))

    def factors(self, size: Linear) -> tuple[int, tuple[Linear, ...]]:
        """A number and functions whose product a size is."""
        scale, node, offset = size
        if not offset:
            return scale, self._factors.get(node) or (Linear(1, node, 0),)
        common = math.gcd(scale, offset)
        return common, (Linear(scale // common, node, offset // common),)

    def cofactor(self, product: Linear, factor: Linear) -> Linear | int | None:
        """What times `factor` is `product`, where that can be seen."""
        (a, ours), (b, theirs) = self.factors(product), self.factors(factor)
        left = list(ours)
        for part in theirs:
            if part not in left:
                return None
            left.remove(part)
        if a % b:
            return None
        return self._of_factors(a // b, tuple(left)) if left else a // b

    def _of_factors(self, scale: int, factors: tuple[Linear, ...]) -> Linear:
        if len(factors) == 1:
            return factors[0].times(scale)
        ordered = tuple(sorted(factors, key=lambda part: (id(part.node), *part[::2])))
        *others, last = ordered
        first = self._of_factors(1, tuple(others))
        node = self._node(
            ("*", ordered),
            (first, last),
            lambda: first.array() * last.array(),
            lambda: _multiplied(first, last),
            lambda: _combined(first, last, lambda a, b: a * b),
        )
        self._factors.setdefault(node, ordered)
        return Linear(scale, node, 0)

    def floor(self, dividend: Linear, divisor: int) -> Linear | int:
        """`dividend // divisor`, by a positive number."""
        scale, node, offset = dividend
        common = math.gcd(scale, divisor)
        scale, offset, divisor = scale // common, offset // common, divisor // common
        if divisor == 1:
            return Linear(scale, node, offset)
        inner = self._parts.get(node)
        if scale == 1 and inner is not None:
            (below, by) = inner
            return self.floor(below.plus(offset * by), by * divisor)
        whole, rest = divmod(offset, divisor)
        part = Linear(scale, node, rest)
        found = self._node(
            ("//", part, divisor),
            (part,),
            lambda: part.array() // divisor,
            lambda: _floored(part, divisor),
            lambda: _written(part, lambda a: a // divisor),
        )
        self._parts.setdefault(found, (part, divisor))
        return Linear(1, found, whole)

    def rest(self, dividend: Linear, divisor: int) -> Linear | int:
        """`dividend % divisor`, by a positive number."""
        inner = self._rests.get(dividend.node)
        if inner is not None and inner[1] % divisor == 0:  # (c·(p % km) + d) % m = (c·p + d) % m
            return self.rest(inner[0].times(dividend.scale).plus(dividend.offset), divisor)
        scale, offset = dividend.scale % divisor, dividend.offset % divisor
        if scale == 0:
            return offset
        part = Linear(scale, dividend.node, offset)
        node = self._node(
            ("%", part, divisor),
            (part,),
            lambda: part.array() % divisor,
            lambda: _rest(part, divisor),
            lambda: _written(part, lambda a: a % divisor),
        )
        self._rests.setdefault(node, (part, divisor))
        return Linear(1, node, 0)

    def any(self, key: Any, parts: tuple[Linear, ...], evaluate: Callable[[], Numbers]) -> Linear:
        """Some other function of sizes; how it goes on is not known."""
        node = self._node(key, parts, evaluate, lambda: None, lambda: None)
        return Linear(1, node, 0)

    def either(self, sides: Sides, left: Linear | int, right: Linear | int) -> Linear | int:
        """`left` on the one side, `right` on the other; one of them for both, where they agree."""
        if left == right:
            return left
        case = Case(sides, left, right)
        self.cases.append(case)
        one, two = _values(left), _values(right)
        differ = one != two
        if not (sides.left & differ).any():  # 1 where n is 1, else n
            return right
        if not (sides.right & differ).any():
            return left
        parts = tuple(part for part in (left, right) if isinstance(part, Linear))
        node = self._node(
            ("where", id(sides.left), left, right),
            parts,
            lambda: np.where(sides.left, one, two),
            lambda: self.cases_quasi(case),
            lambda: None,
        )
        return Linear(1, node, 0)

    def cases_quasi(self, case: Case) -> Quasi | None:
        """How what is one or the other goes on, as far as the sides come again as they did.

        Whether they do is seen on the grid; the proof asks that they have settled.
        """
        count = len(self.grid.axes)
        found = difference(quasi_of(case.left, count), quasi_of(case.right, count))
        if found is None:
            return None
        periods = list(found.periods)
        for mask in case.sides:
            for i, axis in enumerate(self.grid.axes):
                if axis.is_open and mask.shape[i] > 1:
                    periods[i] = math.lcm(periods[i], self._repeated(mask, i))
        return _bounded(tuple(periods), found.degrees, found.slopes)

    def _repeated(self, mask: Numbers, axis: int) -> int:
        """After how many indices the second half of a mask comes again; 1 where it does not."""
        key = ("repeated", id(mask), axis)  # the case keeps it alive
        if key not in self._periods:
            lines = np.moveaxis(mask, axis, 0).reshape(mask.shape[axis], -1)[
                mask.shape[axis] // 2 :
            ]
            names = np.array([hash(line.tobytes()) for line in lines])
            tried = range(1, len(names) // 2 + 1)
            found = (p for p in tried if np.array_equal(names[p:], names[:-p]))
            self._periods[key] = next(found, 1)
        return self._periods[key]


def expression_of(size: Linear | int) -> Expression | None:
    """How a size is written in letters."""
    if not isinstance(size, Linear):
        return Expression.of(int(size))
    return _written(size, lambda found: found)


def quasi_of(size: Linear | int, count: int = 0) -> Quasi | None:
    """How a size goes on beyond a grid of `count` letters."""
    if not isinstance(size, Linear):
        return Quasi((1,) * count, (0,) * count, (Fraction(0),) * count)
    found = size.node.quasi
    if found is None:
        return None
    slopes = tuple(None if s is None else s * size.scale for s in found.slopes)
    return Quasi(found.periods, found.degrees, slopes)


def difference(left: Quasi | None, right: Quasi | None) -> Quasi | None:
    """How the difference of two functions goes on."""
    if left is None or right is None:
        return None
    return _bounded(
        tuple(map(math.lcm, left.periods, right.periods)),
        tuple(map(max, left.degrees, right.degrees)),
        (None,) * len(left.periods),
    )


def _written(part: Linear, then: Callable[[Expression], Expression | None]) -> Expression | None:
    inner = part.node.expression
    return None if inner is None else then(inner * part.scale + part.offset)


def _combined(
    one: Linear, two: Linear, then: Callable[[Expression, Expression], Expression]
) -> Expression | None:
    left, right = expression_of(one), expression_of(two)
    return None if left is None or right is None else then(left, right)


def _bounded(
    periods: tuple[int, ...], degrees: tuple[int, ...], slopes: tuple[Fraction | None, ...]
) -> Quasi | None:
    return None if max(periods, default=1) > _LARGEST else Quasi(periods, degrees, slopes)


def _added(one: Linear, two: Linear) -> Quasi | None:
    a, b = quasi_of(one), quasi_of(two)
    if a is None or b is None:
        return None
    return _bounded(
        tuple(map(math.lcm, a.periods, b.periods)),
        tuple(map(max, a.degrees, b.degrees)),
        tuple(
            None if s is None or t is None else s + t
            for s, t in zip(a.slopes, b.slopes, strict=True)
        ),
    )


def _multiplied(one: Linear, two: Linear) -> Quasi | None:
    a, b = quasi_of(one), quasi_of(two)
    if a is None or b is None:
        return None
    degrees = tuple(d + e for d, e in zip(a.degrees, b.degrees, strict=True))
    slopes = tuple(None if d else Fraction(0) for d in degrees)
    return _bounded(tuple(map(math.lcm, a.periods, b.periods)), degrees, slopes)


def _refined(found: Quasi, divisor: int) -> tuple[int, ...]:
    """The periods after which the rest by a divisor is the same again.

    By a step of one period the value grows by `slope · period`: a rest by `divisor` comes again
    when that has become a multiple of it.  Where the step hangs on other letters, or grows,
    `divisor` periods are enough, for polynomials with integer coefficients.
    """
    periods = []
    for period, degree, slope in zip(found.periods, found.degrees, found.slopes, strict=True):
        if not degree:
            periods.append(period)
        elif slope is None:
            periods.append(period * divisor)
        else:
            periods.append(period * (slope * period / divisor).denominator)
    return tuple(periods)


def _floored(part: Linear, divisor: int) -> Quasi | None:
    found = quasi_of(part)
    if found is None:
        return None
    slopes = tuple(None if s is None else s / divisor for s in found.slopes)
    return _bounded(_refined(found, divisor), found.degrees, slopes)


def _rest(part: Linear, divisor: int) -> Quasi | None:
    found = quasi_of(part)
    if found is None:
        return None
    n = len(found.periods)
    return _bounded(_refined(found, divisor), (0,) * n, (Fraction(0),) * n)


def _values(size: Linear | int) -> Any:
    return size.array() if isinstance(size, Linear) else np.int64(size)
