"""A size that stands for many: an int with the value of one candidate, that knows all others.

What C code reads of it (`range(n)`, an index) is the one value; shape functions and rules make a
plain `int(n)` first where they count by a size, which leaves the candidates with another value
for later.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from convlint.dims import Varying
from convlint.sweep.grid import Numbers
from convlint.sweep.node import Linear, expression_of
from convlint.sweep.region import projected

if TYPE_CHECKING:
    from convlint.sweep.walk import Walk

_DYADIC: Final = 1 << 10
"""Floats with a smaller denominator are exact factors of any size."""


class _Compared:
    """Comparisons, all by one function."""

    def _compared(self, op: str, other: Any) -> Any:
        raise NotImplementedError

    def __lt__(self, other: Any) -> Any:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Any:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(">=", other)

    def __eq__(self, other: Any) -> Any:
        return self._compared("==", other)

    def __ne__(self, other: Any) -> Any:
        return self._compared("!=", other)

    def __hash__(self) -> int:
        raise NotImplementedError


class Swept(_Compared, Varying):
    """A size as a function of the letters."""

    walk: Walk
    function: Linear

    def __new__(cls, function: Linear, walk: Walk) -> Swept:
        self = int.__new__(cls, _value(function, walk))
        self.function, self.walk = function, walk
        return self

    @property
    def guess(self) -> Swept:
        """Itself: it is a known size."""
        return self

    @property
    def multiple(self) -> int:
        """What certainly divides it."""
        return math.gcd(self.function.scale, self.function.offset)

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        return int, (int.__pos__(self),)

    def __deepcopy__(self, memo: Any) -> Swept:
        return self

    def __copy__(self) -> Swept:
        return self

    def __hash__(self) -> int:
        return 0  # the same for all, so that a set asks whether they are equal

    def __int__(self) -> int:
        return _settled(self)

    def __index__(self) -> int:
        return _settled(self)

    def __float__(self) -> float:
        return float(_settled(self))

    def __bool__(self) -> bool:
        return self.walk.decide("!=", self, 0)

    def __repr__(self) -> str:
        return int.__repr__(self)

    def __str__(self) -> str:
        written = expression_of(self.function) if self.walk.written else None
        return int.__repr__(self) if written is None else str(written)

    def __format__(self, spec: str) -> str:
        return int.__format__(int.__pos__(self), spec) if spec else str(self)

    def __pos__(self) -> Swept:
        return self

    def __neg__(self) -> Any:
        return _linear(self.function.times(-1), self.walk)

    def __abs__(self) -> Any:
        return self if self >= 0 else -self

    def __floor__(self) -> Swept:
        return self

    __ceil__ = __trunc__ = __floor__

    def __round__(self, digits: Any = None) -> Swept:
        return self

    def __add__(self, other: Any) -> Any:
        return _arithmetic("+", self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return _arithmetic("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _arithmetic("-", other, self)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, (list, tuple, str)):
            _settled(self)
            return NotImplemented
        return _arithmetic("*", self, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        return _arithmetic("//", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _arithmetic("//", other, self)

    def __mod__(self, other: Any) -> Any:
        return _arithmetic("%", self, other)

    def __rmod__(self, other: Any) -> Any:
        return _arithmetic("%", other, self)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if type(other) is int and other >= 0 and modulus is None:
            found: Any = 1
            for _ in range(other):
                found = found * self
            return found
        return pow(_settled(self), other, modulus)

    def __rpow__(self, other: Any, modulus: Any = None) -> Any:
        return pow(other, _settled(self), modulus)

    def __truediv__(self, other: Any) -> Any:
        return Quotient.of(self) / other

    def __rtruediv__(self, other: Any) -> Any:
        if isinstance(other, Varying):
            return Quotient.of(other) / self
        return other / _settled(self)

    def _compared(self, op: str, other: Any) -> Any:
        if self is other:
            return op in ("==", "<=", ">=")
        if isinstance(other, (Quotient, Real)):
            return other._compared(_TURNED[op], self)
        if isinstance(other, float):
            return Quotient.of(self)._compared(op, other)
        return self.walk.decide(op, self, other) if isinstance(other, int) else NotImplemented


def _bitwise(name: str) -> None:
    function = getattr(operator, name)
    plain = name.rstrip("_")

    def forward(self: Swept, other: Any) -> Any:
        return function(_settled(self), _plain(other))

    def backward(self: Swept, other: Any) -> Any:
        return function(_plain(other), _settled(self))

    setattr(Swept, f"__{plain}__", forward)
    setattr(Swept, f"__r{plain}__", backward)


for _name in ("lshift", "rshift", "and_", "or_", "xor"):
    _bitwise(_name)


class Quotient(_Compared, float):
    """A size divided by a number: exact, so that rounding it gives a size again."""

    dividend: Swept
    divisor: int

    def __new__(cls, dividend: Swept, divisor: int) -> Quotient:
        self = float.__new__(cls, int.__pos__(dividend) / divisor)
        self.dividend, self.divisor = dividend, divisor
        return self

    @classmethod
    def of(cls, size: Any) -> Quotient:
        """A size as a fraction."""
        return cls(size, 1)

    def _scaled(self, factor: Fraction) -> Any:
        dividend = self.dividend * factor.numerator
        divisor = self.divisor * factor.denominator
        if not isinstance(dividend, Swept):
            return dividend / divisor
        return Quotient(dividend, divisor) if divisor > 0 else Quotient(-dividend, -divisor)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, float):
            factor = Fraction(float.__pos__(other))
            if type(other) is float and factor.denominator <= _DYADIC:
                return self._scaled(factor)
            return Real.of(self) * other
        if isinstance(other, Varying):
            return Real.of(self) * other
        return self._scaled(Fraction(other)) if isinstance(other, int) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Varying) or not isinstance(other, (int, float)):
            return Real.of(self) / other
        factor = Fraction(other)
        if factor and (isinstance(other, int) or factor.denominator <= _DYADIC):
            return self._scaled(1 / factor)
        return Real.of(self) / other

    def __rtruediv__(self, other: Any) -> Any:
        return other / Real.of(self)

    def __add__(self, other: Any) -> Any:
        if type(other) is int or isinstance(other, Varying):
            return Quotient(self.dividend + other * self.divisor, self.divisor)
        if type(other) is float and Fraction(other).denominator <= _DYADIC:
            part = Fraction(other)
            whole = self.dividend * part.denominator + part.numerator * self.divisor
            return Quotient(whole, self.divisor * part.denominator)
        return Real.of(self) + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __neg__(self) -> Any:
        return Quotient(-self.dividend, self.divisor)

    def __pos__(self) -> Quotient:
        return self

    def __floor__(self) -> Any:
        return self.dividend // self.divisor

    def __ceil__(self) -> Any:
        return -(-self.dividend // self.divisor)

    def __trunc__(self) -> Any:
        return self.__floor__() if self.dividend >= 0 else self.__ceil__()

    def __round__(self, digits: Any = None) -> Any:
        return round(float(self), digits)

    def __int__(self) -> int:
        return int(self.__trunc__())

    def __float__(self) -> float:
        return _settled(self.dividend) / self.divisor

    def __hash__(self) -> int:
        return hash(float(self))

    def __bool__(self) -> bool:
        return bool(self.dividend)

    def _compared(self, op: str, other: Any) -> Any:
        if isinstance(other, Quotient):
            left, right = self.dividend * other.divisor, other.dividend * self.divisor
        elif isinstance(other, int):
            left, right = self.dividend, other * self.divisor
        elif type(other) is float and Fraction(other).denominator <= _DYADIC:
            part = Fraction(other)
            left = self.dividend * part.denominator
            right = part.numerator * self.divisor
        else:
            return getattr(Real.of(self), _DUNDER[op])(other)
        return left._compared(op, right) if isinstance(left, Quotient) else _ask(op, left, right)


class Real(_Compared, float):
    """A floating point number made of sizes, computed for all candidates as Python would."""

    walk: Walk
    values: Numbers
    key: Any

    def __new__(cls, key: Any, values: Numbers, walk: Walk) -> Real:
        self = float.__new__(cls, float(values[projected(values, walk.place)]))
        self.key, self.values, self.walk = key, values, walk
        return self

    @classmethod
    def of(cls, value: Any) -> Real:
        """A size, or one divided by a number, as a floating point number."""
        if isinstance(value, Real):
            return value
        if isinstance(value, Quotient):
            function = value.dividend.function
            values = function.array() / value.divisor
            return cls(("/", function, value.divisor), values, value.dividend.walk)
        return cls(("float", value.function), value.function.array() * 1.0, value.walk)

    def _with(self, op: str, other: Any, turned: bool = False) -> Any:
        if isinstance(other, (Varying, Quotient, Real)):
            real = Real.of(other)
            key, value = real.key, real.values
        elif isinstance(other, (int, float)):
            key, value = other, np.float64(other)  # type: ignore[assignment]
        else:
            return NotImplemented
        left, right = (value, self.values) if turned else (self.values, value)
        with np.errstate(all="ignore"):
            found = _REAL[op](left, right)
        parts = (key, self.key) if turned else (self.key, key)
        return Real((op, *parts), found, self.walk)

    def __add__(self, other: Any) -> Any:
        return self._with("+", other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._with("-", other)

    def __rsub__(self, other: Any) -> Any:
        return self._with("-", other, turned=True)

    def __mul__(self, other: Any) -> Any:
        return self._with("*", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self._with("/", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("/", other, turned=True)

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        return self._with("**", other)

    def __neg__(self) -> Any:
        return self._with("*", -1.0)

    def __pos__(self) -> Real:
        return self

    def __abs__(self) -> Any:
        return self if self >= 0 else -self

    def _rounded(self, name: str, function: Callable[[Numbers], Numbers]) -> Any:
        def values() -> Numbers:
            with np.errstate(all="ignore"):
                return function(self.values).astype(np.int64)

        made = self.walk.nodes.any((name, self.key), (), values)
        return _linear(made, self.walk)

    def __floor__(self) -> Any:
        return self._rounded("floor", np.floor)

    def __ceil__(self) -> Any:
        return self._rounded("ceil", np.ceil)

    def __trunc__(self) -> Any:
        return self._rounded("trunc", np.trunc)

    def __round__(self, digits: Any = None) -> Any:
        return self._rounded("round", np.round) if digits is None else round(float(self), digits)

    def __int__(self) -> int:
        return int(self.__trunc__())

    def __float__(self) -> float:
        self.walk.answered(self.values == float.__pos__(self), (self.key, "settled"))
        return float.__pos__(self)

    def __hash__(self) -> int:
        return hash(float(self))

    def __bool__(self) -> bool:
        return bool(self._compared("!=", 0))

    def _compared(self, op: str, other: Any) -> Any:
        if isinstance(other, (Varying, Quotient, Real)):
            real = Real.of(other)
            key, value = real.key, real.values
        elif isinstance(other, (int, float)):
            key, value = other, np.float64(other)  # type: ignore[assignment]
        else:
            return NotImplemented
        return self.walk.answered(COMPARISONS[op](self.values, value), (op, self.key, key))


COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_DUNDER: Final = {
    "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__", "==": "__eq__", "!=": "__ne__",
}  # fmt: skip
_REAL: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow,
}  # fmt: skip
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _value(function: Linear, walk: Walk) -> int:
    values = function.node.array()
    found = int(values[projected(values, walk.place)])
    return function.scale * found + function.offset


def _linear(function: Linear | int, walk: Walk) -> Any:
    return Swept(function, walk) if isinstance(function, Linear) else function


def _settled(size: Any) -> int:
    """The one value; candidates with another are left for later."""
    plain = int.__pos__(size)
    size.walk.decide("==", size, plain)
    return plain


def _plain(value: Any) -> Any:
    return _settled(value) if isinstance(value, Swept) else value


def _ask(op: str, left: Any, right: Any) -> bool:
    if isinstance(left, Swept):
        return left.walk.decide(op, left, right)
    if isinstance(right, Swept):
        return right.walk.decide(_TURNED[op], right, left)
    return bool(COMPARISONS[op](left, right))


def _arithmetic(op: str, left: Any, right: Any) -> Any:
    one, two = isinstance(left, Swept), isinstance(right, Swept)
    walk = (left if one else right).walk
    if not (one and two):
        other = right if one else left
        if isinstance(other, float):
            quotient = Quotient.of(left if one else right)
            return _floating(op, quotient, other, turned=two)
        if not isinstance(other, int):
            return NotImplemented
    nodes = walk.nodes
    a: Linear | int = left.function if one else int(left)
    b: Linear | int = right.function if two else int(right)
    if op == "-":
        b = b.times(-1) if isinstance(b, Linear) else -b
        op = "+"
    found: Linear | int
    if op == "+":
        if isinstance(a, Linear) and isinstance(b, Linear):
            found = nodes.sum(a, b)
        else:
            linear, number = _ordered(a, b)
            found = linear.plus(number)
    elif op == "*":
        if isinstance(a, Linear) and isinstance(b, Linear):
            found = nodes.product(a, b)
        else:
            linear, number = _ordered(a, b)
            found = linear.times(number) if number else 0
    elif isinstance(a, Linear) and not isinstance(b, Linear):
        if b == 0:
            raise ZeroDivisionError("integer division or modulo by zero")
        found = _divided(op, a, b, walk)
    else:
        found = _by_size(op, left, right, walk)
    return _linear(found, walk)


def _ordered(a: Linear | int, b: Linear | int) -> tuple[Linear, int]:
    """The one that is a function first."""
    if isinstance(a, Linear):
        assert isinstance(b, int)
        return a, b
    assert isinstance(b, Linear)
    return b, a


def _divided(op: str, a: Linear, b: int, walk: Walk) -> Any:
    nodes = walk.nodes
    if op == "//":
        return nodes.floor(a, b) if b > 0 else nodes.floor(a.times(-1), -b)
    if b > 0:
        return nodes.rest(a, b)
    rest = nodes.rest(a.times(-1), -b)
    return rest.times(-1) if isinstance(rest, Linear) else -rest


def _by_size(op: str, left: Any, right: Swept, walk: Walk) -> Any:
    """Division by a size."""
    if right == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    a = left.function if isinstance(left, Swept) else int(left)
    b = right.function
    if isinstance(a, Linear) and a.node is b.node and not a.offset and not b.offset:
        if op == "//":
            return a.scale // b.scale
        if a.scale % b.scale == 0:
            return 0
    if isinstance(a, Linear) and op in ("//", "%"):
        whole = walk.nodes.cofactor(a, b)
        if whole is not None:
            return whole if op == "//" else 0
    function = np.floor_divide if op == "//" else np.remainder

    def values() -> Numbers:
        with np.errstate(all="ignore"):
            top = a.array() if isinstance(a, Linear) else np.int64(a)
            found: Numbers = function(top, b.array())
            return found

    parts = tuple(part for part in (a, b) if isinstance(part, Linear))
    return walk.nodes.any((op, a, b), parts, values)


def _floating(op: str, size: Quotient, other: float, turned: bool) -> Any:
    if op == "*":
        return size * other
    if op == "+":
        return size + other
    if op == "-":
        return other - size if turned else size - other
    real = Real.of(size)
    left, right = (np.float64(other), real.values) if turned else (real.values, np.float64(other))
    function = np.floor_divide if op == "//" else np.remainder
    with np.errstate(all="ignore"):
        return Real((op, real.key, other, turned), function(left, right), real.walk)
