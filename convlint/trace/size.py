"""Sizes that the user's code reads: ints that remember where they came from.

`x.shape[2] // 2` is a `Size` whose origin is an expression over tensors, so that the graph can
be evaluated again at other sizes.  An unknown size is a `Size` with a guess as its value; code
that looks at it is recorded.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from convlint.dims import Dim, Unknown, guess

if TYPE_CHECKING:
    from convlint.trace.recorder import Recorder


class Size(int):
    """An `int` with an origin.  `dim` is the number, or `Unknown` where it is a guess."""

    recorder: Recorder | None
    origin: tuple[Any, ...]
    dim: Dim

    def __new__(cls, dim: Dim, origin: tuple[Any, ...], recorder: Recorder | None) -> Size:
        self = super().__new__(cls, guess(dim))
        self.dim = dim
        self.origin = origin
        self.recorder = recorder
        return self

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        return int, (int.__int__(self),)

    def __deepcopy__(self, memo: Any) -> Size:
        return self

    def __copy__(self) -> Size:
        return self

    def __int__(self) -> Size:  # type: ignore[override]
        return self

    def __floor__(self) -> Size:
        return self

    __ceil__ = __trunc__ = __floor__

    def __round__(self, digits: Any = None) -> Size:
        return self

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
        answer = int.__ne__(self, 0)
        _decided(self, "!=", 0, answer)
        return answer


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
        return float, (float.__float__(self),)

    def __deepcopy__(self, memo: Any) -> Ratio:
        return self

    def _rounded(self, function: Callable[..., int], value: int) -> Size:
        dim: Dim = Unknown(value) if self.unknown else value
        return Size(dim, ("op", function, (self,)), self.recorder)

    def __int__(self) -> int:
        return self._rounded(int, float.__int__(self))

    __trunc__ = __int__

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


def dim_of(value: Any) -> Any:
    """What is known of a number that the user's code hands over."""
    if type(value) is Size:
        return value.dim
    if type(value) is Ratio:
        return Unknown(max(1, round(float(value)))) if value.unknown else float.__float__(value)
    return value


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
        return NotImplemented
    if isinstance(left, bool) or isinstance(right, bool):
        left, right = _number(left), _number(right)
    dim = function(dim_of(left), dim_of(right))
    if isinstance(dim, Unknown):  # the value that the plain numbers give is the better guess
        dim = Unknown(function(_plain(left), _plain(right)), dim.multiple)
    return Size(dim, ("op", function, (left, right)), _recorder(left, right))


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def _ratio(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
        return NotImplemented
    value = function(_plain(left), _plain(right))
    unknown = _uncertain(left) or _uncertain(right)
    return Ratio(value, ("op", function, (left, right)), _recorder(left, right), unknown)


def _decided(left: Any, op: str, right: Any, answer: bool) -> None:
    recorder = _recorder(left, right)
    if recorder is not None:
        recorder.guard(op, left, right, answer, _uncertain(left) or _uncertain(right))


def _install() -> None:
    """Give `Size` int's operators, each with its origin recorded."""

    def forward(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda self, other: _arithmetic(function, self, other)

    def backward(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda self, other: _arithmetic(function, other, self)

    def compared(
        kind: type, op: str, plain: Callable[[Any, Any], Any]
    ) -> Callable[[Any, Any], Any]:
        def compare(self: Any, other: Any) -> Any:
            answer = plain(self, _plain(other))
            if answer is not NotImplemented:
                _decided(self, op, other, answer)
            return answer

        return compare

    for name in ("add", "sub", "mul", "floordiv", "mod"):
        function = getattr(operator, name)
        setattr(Size, f"__{name}__", forward(function))
        setattr(Size, f"__r{name}__", backward(function))
    Size.__neg__ = lambda self: _arithmetic(operator.sub, 0, self)  # type: ignore[assignment]
    for kind, parent in ((Size, int), (Ratio, float)):
        for name, op in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"),
                         ("ge", ">=")):  # fmt: skip
            dunder = f"__{name}__"
            setattr(kind, dunder, compared(kind, op, getattr(parent, dunder)))


_install()
