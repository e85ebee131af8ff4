"""Sizes that the user's code reads: ints that remember where they came from.

`x.shape[2] // 2` is a `Size` whose origin is an expression over tensors, so that the graph can
be evaluated again at other sizes.  An unknown size is a `Size` with a guess as its value; code
that looks at it is recorded.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from convlint.dims import Dim, Unknown

if TYPE_CHECKING:
    from convlint.trace.recorder import Recorder

_Number = TypeVar("_Number", int, float)

_OF_DIMS: Final = {
    operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod,
}  # fmt: skip
"""What an unknown size knows how to do."""


class Size(int):
    """An `int` with an origin.  `dim` is the number, or `Unknown` where it is a guess."""

    recorder: Recorder | None
    origin: tuple[Any, ...]
    dim: Dim

    def __new__(cls, dim: Dim, origin: tuple[Any, ...], recorder: Recorder | None) -> Size:
        if type(dim) is Size:
            dim = dim.dim
        self = super().__new__(cls, dim.guess if isinstance(dim, Unknown) else dim)
        self.dim = dim
        self.origin = origin
        self.recorder = recorder
        return self

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        return int, (int.__pos__(self),)

    def __deepcopy__(self, memo: Any) -> Size:
        return self

    def __copy__(self) -> Size:
        return self

    def __int__(self) -> int:
        return _escaped(self, int.__pos__(self))  # `int()` takes exact ints only

    def __float__(self) -> float:
        return _escaped(self, int.__float__(self))

    def __floor__(self) -> Size:
        return self

    __ceil__ = __trunc__ = __floor__

    def __round__(self, digits: Any = None) -> Size:
        return self

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            return pow(int.__pos__(self), other, modulus)
        if type(other) is int and other >= 0:
            return _arithmetic(operator.pow, self, other)
        return _ratio(operator.pow, self, other)

    def __rpow__(self, other: Any, modulus: Any = None) -> Any:
        if type(other) is int and int.__ge__(self, 0):
            return _arithmetic(operator.pow, other, self)
        return _ratio(operator.pow, other, self)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __pos__(self) -> Size:
        return self

    def __abs__(self) -> Any:
        return self if int.__ge__(self, 0) else -self

    def __hash__(self) -> int:
        return int.__hash__(self)

    def __repr__(self) -> str:
        return int.__repr__(self)

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return int.__format__(int.__pos__(self), spec)

    def __truediv__(self, other: Any) -> Any:
        return _ratio(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _ratio(operator.truediv, other, self)

    def __bool__(self) -> bool:
        return _decided(self, "!=", 0, int.__ne__(self, 0))


class Ratio(float):
    """A `float` made of sizes; rounding it gives a `Size` again."""

    recorder: Recorder | None
    origin: tuple[Any, ...]
    unknown: bool

    def __new__(
        cls, value: float, origin: tuple[Any, ...], recorder: Recorder | None, unknown: bool
    ) -> Ratio:
        self = super().__new__(cls, value)
        self.origin = origin
        self.recorder = recorder
        self.unknown = unknown
        return self

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        return float, (float.__pos__(self),)

    def __deepcopy__(self, memo: Any) -> Ratio:
        return self

    def _rounded(self, function: Callable[..., int], value: int) -> Size:
        dim: Dim = Unknown(value) if self.unknown else value
        return Size(dim, ("op", function, (self,)), self.recorder)

    def __int__(self) -> int:
        return int(self._rounded(int, float.__int__(self)))

    def __float__(self) -> float:
        return _escaped(self, float.__pos__(self))

    def __trunc__(self) -> int:
        return self._rounded(math.trunc, float.__int__(self))

    def __floor__(self) -> int:
        return self._rounded(math.floor, float.__floor__(self))

    def __ceil__(self) -> int:
        return self._rounded(math.ceil, float.__ceil__(self))

    def __round__(self, digits: Any = None) -> Any:
        if digits is not None:
            return float.__round__(self, digits)
        return self._rounded(round, float.__round__(self))

    def __hash__(self) -> int:
        return float.__hash__(self)

    def __mul__(self, other: Any) -> Any:
        return _ratio(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _ratio(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _ratio(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _ratio(operator.truediv, other, self)

    def __add__(self, other: Any) -> Any:
        return _ratio(operator.add, self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return _ratio(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _ratio(operator.sub, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _ratio(operator.floordiv, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _ratio(operator.floordiv, other, self)

    def __mod__(self, other: Any) -> Any:
        return _ratio(operator.mod, self, other)

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        return _ratio(operator.pow, self, other)

    def __neg__(self) -> Any:
        return _ratio(operator.sub, 0, self)

    def __pos__(self) -> Ratio:
        return self

    def __abs__(self) -> Any:
        return self if float.__ge__(self, 0.0) else -self

    def __bool__(self) -> bool:
        return _decided(self, "!=", 0, float.__ne__(self, 0.0))


def dim_of(value: Any) -> Any:
    """What is known of a number that the user's code hands over."""
    if type(value) is Size:
        return value.dim
    if type(value) is Ratio:
        plain = float.__pos__(value)
        return Unknown(max(1, round(plain))) if value.unknown else plain
    return value


def whole(value: Any) -> Any:
    """`int(value)` that keeps what is known of a size."""
    if type(value) is Size:
        return value
    return value._rounded(int, float.__int__(value))


def fixed(value: Size) -> None:
    """What is recorded holds for this value alone: Python has counted by it."""
    if value.recorder is not None and not isinstance(value.dim, Unknown):
        value.recorder.escape(value, int.__pos__(value), unknown=False)


def plain(value: Size) -> int:
    """The plain number, where the user's code gets it with nothing that tells what it was."""
    return _escaped(value, int.__pos__(value))


def _plain(value: Any) -> Any:
    if type(value) is Size:
        return int.__pos__(value)
    if type(value) is Ratio:
        return float.__pos__(value)
    return value


def _uncertain(value: Any) -> bool:
    if type(value) is Size:
        return isinstance(value.dim, Unknown)
    return type(value) is Ratio and value.unknown


def _recorder(left: Any, right: Any) -> Recorder | None:
    for value in (left, right):
        if type(value) in (Size, Ratio):
            return value.recorder  # type: ignore[no-any-return]
    return None


def _arithmetic(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if not isinstance(left, int) or not isinstance(right, int):
        if isinstance(left, float) or isinstance(right, float):
            return _ratio(function, left, right)
        if function is operator.mul and isinstance(left, (list, tuple)):
            fixed(right)
        elif function is operator.mul and isinstance(right, (list, tuple)):
            fixed(left)
        return NotImplemented
    if isinstance(left, bool) or isinstance(right, bool):
        left, right = _number(left), _number(right)
    dim = _result(function, dim_of(left), dim_of(right))
    if isinstance(dim, Unknown):  # the value that the plain numbers give is the better guess
        dim = Unknown(function(_plain(left), _plain(right)), dim.multiple)
    return Size(dim, ("op", function, (left, right)), _recorder(left, right))


def _result(function: Callable[[Any, Any], Any], left: Dim, right: Dim) -> Dim:
    if function not in _OF_DIMS and (isinstance(left, Unknown) or isinstance(right, Unknown)):
        return Unknown()
    return function(left, right)  # type: ignore[no-any-return]


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def _ratio(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
        return NotImplemented
    value = function(_plain(left), _plain(right))
    if isinstance(value, complex):
        return value
    unknown = _uncertain(left) or _uncertain(right)
    return Ratio(value, ("op", function, (left, right)), _recorder(left, right), unknown)


def _decided(left: Any, op: str, right: Any, answer: bool) -> bool:
    """The answer that the user's code gets to a comparison of sizes."""
    recorder = _recorder(left, right)
    if recorder is None:
        return answer
    return recorder.guard(op, left, right, answer, _uncertain(left) or _uncertain(right))


def _escaped(value: Any, plain: _Number) -> _Number:
    """A size becomes a plain number, of which nothing more is known."""
    if value.recorder is not None:
        value.recorder.escape(value, plain, _uncertain(value))
    return plain


def _install() -> None:
    """Give `Size` int's operators, each with its origin recorded."""

    def forward(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda self, other: _arithmetic(function, self, other)

    def backward(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda self, other: _arithmetic(function, other, self)

    def compared(op: str, plain: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def compare(self: Any, other: Any) -> Any:
            answer = plain(self, _plain(other))
            return answer if answer is NotImplemented else _decided(self, op, other, answer)

        return compare

    for name in ("add", "sub", "mul", "floordiv", "mod", "lshift", "rshift", "and_", "or_", "xor"):
        function = getattr(operator, name)
        name = name.rstrip("_")
        setattr(Size, f"__{name}__", forward(function))
        setattr(Size, f"__r{name}__", backward(function))
    Size.__neg__ = lambda self: _arithmetic(operator.sub, 0, self)  # type: ignore[method-assign]
    for kind, parent in ((Size, int), (Ratio, float)):
        for name, op in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"),
                         ("ge", ">=")):  # fmt: skip
            dunder = f"__{name}__"
            setattr(kind, dunder, compared(op, getattr(parent, dunder)))


_install()
