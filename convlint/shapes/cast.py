"""Other dtypes: `.to`, `.float()` and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch

from convlint.arithmetic.strides import preserved, suggests_channels_last
from convlint.shapes.axes import formatted
from convlint.shapes.registry import operator
from convlint.tensor import TensorSpec

_NAMED: Final = {
    "float": torch.float32,
    "double": torch.float64,
    "half": torch.float16,
    "bfloat16": torch.bfloat16,
    "int": torch.int32,
    "long": torch.int64,
    "short": torch.int16,
    "char": torch.int8,
    "byte": torch.uint8,
    "bool": torch.bool,
    "cfloat": torch.complex64,
    "cdouble": torch.complex128,
    "chalf": torch.complex32,
}
_CLASSES: Final = {
    torch.float32: "FloatTensor",
    torch.float64: "DoubleTensor",
    torch.float16: "HalfTensor",
    torch.bfloat16: "BFloat16Tensor",
    torch.int32: "IntTensor",
    torch.int64: "LongTensor",
    torch.int16: "ShortTensor",
    torch.int8: "CharTensor",
    torch.uint8: "ByteTensor",
    torch.bool: "BoolTensor",
}


def cast(input: TensorSpec, dtype: Any, memory_format: Any = None) -> TensorSpec:
    """`input` as another dtype: itself where it is that already, else a copy."""
    if memory_format is not None and memory_format != torch.preserve_format:
        strides = formatted(input, memory_format)
        turned = suggests_channels_last(input)
        if input.dtype is dtype and turned is None:
            strides = None
        elif input.dtype is dtype and turned is (memory_format != torch.contiguous_format):
            return input
    elif input.dtype is dtype and dtype is not None:
        return input
    elif input.dtype is None or dtype is None:
        strides = input.strides if isinstance(input.strides, str) else None
    else:
        strides = preserved(input)
    return TensorSpec(input.shape, dtype, strides)


def _named(name: str, dtype: torch.dtype) -> Callable[..., TensorSpec]:
    def convert(input: TensorSpec, memory_format: Any = None) -> TensorSpec:
        return cast(input, dtype, memory_format)

    operator(f"Tensor.{name}", only=True, name=name)(convert)
    return convert


for _name, _dtype in _NAMED.items():
    _named(_name, _dtype)


@operator("Tensor.to", only=True, variadic="args")
def to(
    input: TensorSpec, args: Any = (), dtype: Any = None, other: Any = None,
    memory_format: Any = None,
) -> TensorSpec:  # fmt: skip
    for arg in args:
        if isinstance(arg, torch.dtype):
            dtype = arg
        elif isinstance(arg, TensorSpec):
            other = arg
    if other is not None:
        dtype = other.dtype
    elif dtype is None:
        dtype = input.dtype
    return cast(input, dtype, memory_format)


@operator("Tensor.type_as", only=True)
def type_as(input: TensorSpec, other: TensorSpec) -> TensorSpec:
    return cast(input, other.dtype)


@operator("Tensor.type", only=True, name="type")
def type_of(input: TensorSpec, dtype: Any = None) -> Any:
    if dtype is None:
        kind = input.dtype or torch.get_default_dtype()
        return f"torch.{_CLASSES.get(kind, 'Tensor')}"
    if isinstance(dtype, str):
        dtype = getattr(torch, dtype.rpartition(".")[2], None)
    found = dtype if isinstance(dtype, torch.dtype) else getattr(dtype, "dtype", None)
    return cast(input, found)
