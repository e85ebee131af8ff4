"""Element-wise arithmetic against torch: shapes, promotion, strides; legal or not."""

from __future__ import annotations

import operator
from typing import Any
from unittest.mock import patch

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.oracle import agree as plainly
from tests.oracle import convlint_says
from tests.shapes.operands import REAL, SEARCH, WIDE, Operand, agree, mates, operands

UNARY = [
    "abs", "angle", "ceil", "cos", "deg2rad", "erf", "exp", "floor", "log", "neg",
    "reciprocal", "round", "rsqrt", "sgn", "sign", "sin", "sqrt", "square", "trunc",
    "isnan", "isposinf", "logical_not", "signbit", "nan_to_num", "logit", "bitwise_not",
    "positive", "frac", "isfinite", "log1p", "expm1", "atan", "tan",
]  # fmt: skip
BINARY = [
    "add", "sub", "mul", "div", "true_divide", "floor_divide", "remainder", "fmod", "pow",
    "float_power", "maximum", "fmin", "atan2", "eq", "lt", "ne", "logical_and",
    "logical_xor", "bitwise_and", "copysign", "hypot", "xlogy", "ldexp",
    "bitwise_left_shift", "gcd", "isclose", "heaviside", "logaddexp", "rsub", "clamp_min",
    "clamp_max", "nextafter",
]  # fmt: skip
OPERATORS = [
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and_",
    "or_", "xor", "eq", "ne", "lt", "le", "gt", "ge",
]  # fmt: skip
IN_PLACE = [
    "add_", "sub_", "mul_", "div_", "pow_", "eq_", "lt_", "logical_and_", "bitwise_or_",
    "remainder_", "floor_divide_", "copysign_", "clamp_min_",
]  # fmt: skip
TERNARY = ("addcmul", "addcdiv", "lerp", "clamp")
NUMBERS = st.sampled_from([True, 2, 1.5, 1j])


def spelled(name: str, method: bool) -> Any:
    return getattr(torch.Tensor, name) if method else getattr(torch, name)


@SEARCH
@given(st.sampled_from(UNARY), st.booleans(), operands([*WIDE, torch.float16]))
def test_unary(name: str, method: bool, x: Operand) -> None:
    agree(spelled(name, method and hasattr(torch.Tensor, name)), [x])


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow", "lt", "and_"])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_tuple_is_no_operand(name: str, swapped: bool) -> None:
    function = getattr(operator, name)
    plainly(
        lambda: lambda x: function(*((x.chunk(2), x) if swapped else (x, x.chunk(2)))),
        [((4, 3), torch.int64)],
    )


@SEARCH
@given(st.data(), st.sampled_from(BINARY), st.booleans(), st.sampled_from([REAL, WIDE]))
def test_binary(data: Any, name: str, swapped: bool, dtypes: Any) -> None:
    x = data.draw(operands(dtypes))
    y = data.draw(mates(x, dtypes))
    assume(name != "ldexp" or torch.bool not in (x.dtype, y.dtype))  # no CPU kernel for some
    agree(getattr(torch, name), [y, x] if swapped else [x, y])


@SEARCH
@given(st.data(), st.sampled_from(OPERATORS), st.sampled_from([REAL, WIDE]))
def test_operators(data: Any, name: str, dtypes: Any) -> None:
    x = data.draw(operands(dtypes))
    agree(getattr(operator, name), [x, data.draw(mates(x, dtypes))])


@SEARCH
@given(st.sampled_from(OPERATORS), NUMBERS, st.booleans(), operands(WIDE))
def test_numbers(name: str, number: Any, reflected: bool, x: Operand) -> None:
    function = getattr(operator, name)
    if reflected:
        agree(lambda t: function(number, t), [x])
    else:
        agree(lambda t: function(t, number), [x])


@SEARCH
@given(st.sampled_from(BINARY), NUMBERS, operands(WIDE))
def test_methods_with_numbers(name: str, number: Any, x: Operand) -> None:
    assume(hasattr(torch.Tensor, name))
    assume(number is not True or not name.startswith("clamp"))  # refused on the CPU only
    agree(lambda t: getattr(t, name)(number), [x])


@SEARCH
@given(st.data(), st.sampled_from(IN_PLACE), st.sampled_from([REAL, WIDE]))
def test_in_place(data: Any, name: str, dtypes: Any) -> None:
    x = data.draw(operands(dtypes))
    agree(lambda a, b: getattr(a, name)(b), [x, data.draw(mates(x, dtypes))])


@SEARCH
@given(st.data(), st.sampled_from(["iadd", "imul", "itruediv", "isub", "ipow"]))
def test_augmented(data: Any, name: str) -> None:
    x = data.draw(operands(REAL))
    agree(getattr(operator, name), [x, data.draw(mates(x, REAL))])


@SEARCH
@given(st.data(), st.sampled_from(TERNARY))
def test_ternary(data: Any, name: str) -> None:
    x = data.draw(operands(WIDE))
    y, z = data.draw(mates(x, WIDE)), data.draw(mates(x, WIDE))
    agree(getattr(torch, name), [x, y, z])


@SEARCH
@given(st.data(), st.sampled_from(["add", "sub", "mul", "maximum", "eq"]))
def test_shapes_that_do_not_broadcast_are_told(data: Any, name: str) -> None:
    dtypes = [torch.float32]
    x = data.draw(operands(dtypes))
    y = data.draw(mates(x, dtypes))
    agree(getattr(torch, name), [x, y], rule="CL302")


@SEARCH
@given(operands(REAL), st.sampled_from(REAL), st.booleans())
def test_zero_axes_and_numbers_promote(x: Operand, dtype: Any, swapped: bool) -> None:
    scalar = Operand((), dtype, ())
    agree(torch.mul, [scalar, x] if swapped else [x, scalar])


@pytest.mark.parametrize("other", [None, "a", ...])
def test_equality_with_what_is_no_number(other: Any) -> None:
    def call(x: Any) -> Any:
        return x + 1 if x == other else x

    plainly(lambda: call, [((2, 3), torch.float32)])


def test_answered_without_torch() -> None:
    def call(x: Any, y: Any) -> Any:
        x = (1 - x) * y + 2 / x - x**2 + 2**x
        x = torch.where(x > 0, x, y) if False else x.clamp(0, 1).exp().sqrt()
        x += y
        return -x, abs(x), ~(x > y) & (x != y), x // 2, x % 2, round(2.5) * x

    with patch("convlint.trace.mode.ask", side_effect=AssertionError("torch was asked")):
        specs = [((2, 3), torch.float32), ((3,), torch.float32)]
        network, errors = convlint_says(lambda: call, specs)
    assert not errors
    assert not network.raised


@pytest.mark.parametrize("call", [
    lambda x: torch.split(1, x), lambda x: torch.exp(x.size(0)), lambda x: torch.relu(2.0),
    lambda x: torch.cumsum(3, 0), lambda x: torch.exp([x]), lambda x: torch.flatten((x, x)),
])  # fmt: skip
def test_a_number_is_no_tensor(call: Any) -> None:
    plainly(lambda: call, [((4, 3), torch.float32)])
