"""Arithmetic on elements: https://docs.pytorch.org/docs/stable/torch.html#pointwise-ops

Activations are in `activation`, `where` and `masked_fill` in `indexing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from convlint.dims import Unknown
from convlint.shapes.broadcast import elementwise
from convlint.shapes.promotion import floating, promoted, real
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec


def _register(names: Iterable[str], function: Callable[..., Any]) -> None:
    """One shape function for many operators; synonyms of a name are joined by slashes."""
    for spellings in names:
        name, *synonyms = spellings.split("/")
        operator(*(s for other in synonyms for s in spelled(other)), name=name)(function)


def spelled(name: str) -> tuple[str, ...]:
    """Where torch may have a function of this name; dotted and double-underscore names as is."""
    if "." in name:
        return (name,)
    if name.startswith("__"):
        return (f"Tensor.{name}",)
    return (name, f"{name}_", f"Tensor.{name}", f"Tensor.{name}_")


# -- functions of one tensor


def _same(input: TensorSpec) -> TensorSpec:
    return elementwise(input.dtype, input)


def _real_valued(input: TensorSpec) -> TensorSpec:
    return elementwise(real(input.dtype), input)


def _analytic(input: TensorSpec) -> TensorSpec:
    return elementwise(floating(input.dtype), input)


def _truth(input: TensorSpec) -> TensorSpec:
    return elementwise(torch.bool, input)


_register(
    (
        "ceil", "conj_physical", "floor", "frac", "neg/negative/__neg__", "sgn", "sign",
        "trunc/fix", "bitwise_not/__invert__",
    ),
    _same,
)  # fmt: skip
_register(("abs/absolute/__abs__",), _real_valued)
_register(
    (
        "acos/arccos", "acosh/arccosh", "asin/arcsin", "asinh/arcsinh", "atan/arctan",
        "atanh/arctanh", "cos", "cosh", "deg2rad", "digamma/special.psi", "erf", "erfc", "erfinv",
        "exp", "exp2", "expm1", "i0", "lgamma/special.gammaln", "log", "log10", "log1p", "log2",
        "rad2deg", "reciprocal", "rsqrt", "sin", "sinc", "sinh", "sqrt", "tan",
        "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0",
        "bessel_y1", "entr", "erfcx", "i0e", "i1",
        "i1e", "log_ndtr", "ndtr", "ndtri",
        "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0",
        "modified_bessel_k1", "scaled_modified_bessel_k0",
        "scaled_modified_bessel_k1", "spherical_bessel_j0",
    ),
    _analytic,
)  # fmt: skip
_register(
    ("isfinite", "isinf", "isnan", "isneginf", "isposinf", "isreal", "logical_not", "signbit"),
    _truth,
)


@operator("Tensor.__pos__")
def positive(input: TensorSpec) -> TensorSpec:
    return input


@operator
def angle(input: TensorSpec) -> TensorSpec:
    made = elementwise(floating(real(input.dtype)), input)
    if input.dtype is None or input.dtype.is_complex:  # made from the real and imaginary parts
        return made.with_shape(made.shape, _plain(input))
    return made


@operator
def square(input: TensorSpec) -> TensorSpec:
    dtype = torch.int64 if input.dtype is torch.bool else input.dtype
    return elementwise(dtype, input)


@operator
def round(input: TensorSpec, decimals: Any = 0) -> TensorSpec:
    return _same(input)


@operator
def logit(input: TensorSpec, eps: Any = None) -> TensorSpec:
    return _analytic(input)


@operator("special.multigammaln")
def mvlgamma(input: TensorSpec, p: Any) -> TensorSpec:
    return _analytic(input)


@operator(*spelled("special.polygamma"))
def polygamma(n: Any, input: Any) -> TensorSpec:
    return _analytic(n if isinstance(n, TensorSpec) else input)  # x.polygamma(1) is turned round


@operator
def nan_to_num(
    input: TensorSpec, nan: Any = None, posinf: Any = None, neginf: Any = None
) -> TensorSpec:
    return _same(input)


# -- a tensor and a number or tensor


def _promoting(input: Any, other: Any) -> TensorSpec:
    return elementwise(promoted(input, other), input, other)


def _promoting_to_float(input: Any, other: Any) -> TensorSpec:
    return elementwise(floating(promoted(input, other)), input, other)


def _comparing(input: Any, other: Any) -> Any:
    numbers = (TensorSpec, int, float, complex, Unknown)
    if not isinstance(other, numbers) and promoted(other) is None:
        return NotImplemented  # Python then compares identities: `x == None`
    return elementwise(torch.bool, input, other)


_register(
    (
        "mul/multiply/__mul__/__rmul__/__imul__",
        "remainder/__mod__/__imod__", "fmod",
        "maximum", "minimum", "fmax", "fmin", "gcd", "lcm", "heaviside", "hypot", "nextafter",
        "logaddexp", "logaddexp2", "igamma/special.gammainc", "igammac/special.gammaincc",
        "bitwise_and/__and__/__rand__/__iand__", "bitwise_or/__or__/__ror__/__ior__",
        "bitwise_xor/__xor__/__rxor__/__ixor__",
        "bitwise_left_shift/__lshift__/__ilshift__", "bitwise_right_shift/__rshift__/__irshift__",
    ),
    _promoting,
)  # fmt: skip
_register(
    (
        "atan2/arctan2", "copysign", "xlogy", "xlog1py", "zeta",
        "chebyshev_polynomial_t", "chebyshev_polynomial_u",
        "hermite_polynomial_h", "hermite_polynomial_he",
        "laguerre_polynomial_l", "legendre_polynomial_p",
    ),
    _promoting_to_float,
)  # fmt: skip
_register(
    (
        "eq/__eq__", "ne/not_equal/__ne__", "lt/less/__lt__", "le/less_equal/__le__",
        "gt/greater/__gt__", "ge/greater_equal/__ge__", "logical_and", "logical_or", "logical_xor",
    ),
    _comparing,
)  # fmt: skip


@operator("Tensor.__add__", "Tensor.__radd__", "Tensor.__iadd__")
def add(input: Any, other: Any, alpha: Any = 1) -> TensorSpec:
    return _promoting(input, other)


@operator(*spelled("subtract"), "Tensor.__sub__", "Tensor.__isub__")
def sub(input: Any, other: Any, alpha: Any = 1) -> TensorSpec:
    return _promoting(input, other)


@operator("Tensor.__rsub__")
def rsub(input: Any, other: Any, alpha: Any = 1) -> TensorSpec:
    return _promoting(other, input)


@operator(
    *spelled("divide"), *spelled("true_divide"), "Tensor.__truediv__", "Tensor.__div__",
    "Tensor.__idiv__", "Tensor.__itruediv__",
)  # fmt: skip
def div(input: Any, other: Any, rounding_mode: str | None = None) -> TensorSpec:
    if rounding_mode is not None:
        return _promoting(input, other)
    return _promoting_to_float(input, other)


@operator("swapped:Tensor.__rdiv__", "swapped:Tensor.__rtruediv__", only=True)
def rdiv(input: Any, other: Any) -> TensorSpec:
    return elementwise(promoted(input, _floated(other)), input, other)  # other.reciprocal() * input


@operator("Tensor.__floordiv__", "swapped:Tensor.__rfloordiv__", "Tensor.__ifloordiv__")
def floor_divide(input: Any, other: Any) -> TensorSpec:
    return _promoting(input, other)


@operator("swapped:Tensor.__rmod__", only=True)
def rmod(input: Any, other: Any) -> TensorSpec:
    return _promoting(input, other)


@operator(
    "swapped:Tensor.__rlshift__", "swapped:Tensor.__rrshift__", only=True, name="reflected_shift"
)
def _reflected_shift(input: Any, other: Any) -> TensorSpec:
    return _promoting(input, other)


@operator("Tensor.__pow__", "Tensor.__ipow__", "swapped:Tensor.__rpow__")
def pow(input: Any, exponent: Any) -> TensorSpec:
    power = _promoting(input, exponent)
    if isinstance(input, TensorSpec) or power.shape is None:
        return power
    return power.with_shape(power.shape)  # a number to the power of a tensor is always row-major


@operator
def float_power(input: Any, exponent: Any) -> TensorSpec:
    dtype = promoted(input, exponent)
    if dtype is not None:
        dtype = torch.complex128 if dtype.is_complex else torch.float64
    return elementwise(dtype, input, exponent)


@operator
def ldexp(input: TensorSpec, other: TensorSpec) -> TensorSpec:
    made = _promoting_to_float(input, other)
    return made if made.strides == CONTIGUOUS else made.with_shape(made.shape, None)


@operator
def isclose(
    input: TensorSpec, other: TensorSpec, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: Any = False
) -> TensorSpec:
    return elementwise(torch.bool, input, other)


# -- three tensors


@operator("clip", "clip_", "Tensor.clip", "Tensor.clip_")
def clamp(input: TensorSpec, min: Any = None, max: Any = None) -> TensorSpec:
    if min is None and max is None:
        raise Rejected("At least one of 'min' or 'max' must not be None")
    return elementwise(promoted(input, min, max), input, min, max)


@operator
def clamp_min(input: TensorSpec, min: Any) -> TensorSpec:
    return elementwise(promoted(input, min), input, min)


@operator
def clamp_max(input: TensorSpec, max: Any) -> TensorSpec:
    return elementwise(promoted(input, max), input, max)


@operator
def addcmul(
    input: TensorSpec, tensor1: TensorSpec, tensor2: TensorSpec, value: Any = 1
) -> TensorSpec:
    return elementwise(promoted(input, tensor1, tensor2), input, tensor1, tensor2)


@operator
def addcdiv(
    input: TensorSpec, tensor1: TensorSpec, tensor2: TensorSpec, value: Any = 1
) -> TensorSpec:
    return elementwise(promoted(input, tensor1, tensor2), input, tensor1, tensor2)


@operator("Tensor.lerp", "Tensor.lerp_")
def lerp(input: TensorSpec, end: TensorSpec, weight: Any) -> TensorSpec:
    return elementwise(promoted(input, end, _tensor(weight)), input, end, weight)


@operator
def result_type(tensor1: Any, tensor2: Any) -> torch.dtype | None:
    return promoted(tensor1, tensor2)


def _plain(input: TensorSpec) -> Strides:
    return CONTIGUOUS if input.strides == CONTIGUOUS else None


def _tensor(value: Any) -> TensorSpec | None:
    return value if isinstance(value, TensorSpec) else None


def _floated(tensor: TensorSpec) -> TensorSpec:
    return tensor.with_dtype(floating(tensor.dtype))
