"""The `--input` language: what the network is called with.

    1,3,224,224        one tensor, float32, by position
    1x3x224x224        the same (some shells split words at commas)
    2,16:int64         another dtype
    ():float32         a tensor without axes
    mask=2,16:bool     by the name of forward's parameter
    flag:=true         no tensor: a JSON value

torch is not imported here: the command line reads its arguments before it pays for that.
"""

from __future__ import annotations

import difflib
import json
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from convlint.quote import quote

DTYPES: Final = (
    *("float32", "float64", "float16", "bfloat16"),
    *("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"),
    "float4_e2m1fn_x2",
    *("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"),
    *("complex32", "complex64", "complex128"),
    *("int1", "int2", "int3", "int4", "int5", "int6", "int7"),
    *("uint1", "uint2", "uint3", "uint4", "uint5", "uint6", "uint7"),
    *("qint8", "quint8", "qint32", "quint4x2", "quint2x4"),
    *("bits1x8", "bits2x4", "bits4x2", "bits8", "bits16"),
)
"""Every dtype of torch 2.13 by its full name."""

ALIASES: Final = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "chalf": "complex32",
    "cfloat": "complex64",
    "cdouble": "complex128",
    "bit": "uint1",
}
"""torch's own second names."""

_ACCEPTED: Final = "write 1,3,224,224 or x=2,16:int64"
_LARGEST: Final = 2**63 - 1
_VALUE: Final = re.compile(r"\s*([^\W\d]\w*)\s*:=(.*)", re.DOTALL)
_NAMED: Final = re.compile(r"\s*([^=]*?)\s*=(.*)", re.DOTALL)
_SEPARATOR: Final = re.compile(r"[,xX×]")


class SpecError(ValueError):
    """An input that cannot be read; the message is one line."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One argument of `forward`: a tensor (`shape` and `dtype`), or a plain `value`.

    `name` is None where the argument is given by position; `shape` is None for a value.
    """

    name: str | None
    shape: tuple[int, ...] | None
    dtype: str = "float32"
    value: object = None

    @property
    def is_tensor(self) -> bool:
        """Whether a tensor is meant, and not a plain value."""
        return self.shape is not None

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.name}:={json.dumps(self.value, default=repr)}"
        sizes = ",".join(map(str, self.shape)) or "()"
        name = "" if self.name is None else f"{self.name}="
        return f"{name}{sizes}" + ("" if self.dtype == "float32" else f":{self.dtype}")


def parse(text: str) -> InputSpec:
    """The input that one `--input` describes."""
    if not text.strip():
        raise SpecError(f"the input is empty; {_ACCEPTED}")
    if match := _VALUE.fullmatch(text):
        return InputSpec(match[1], None, value=_value(match[2], text))
    name, rest = None, text
    if match := _NAMED.fullmatch(text):
        name, rest = match[1], match[2]
        if not name.isidentifier():
            raise SpecError(
                f"{quote(name)} in {quote(text)} is not the name of a parameter; {_ACCEPTED}"
            )
    sizes, colon, dtype = rest.partition(":")
    return InputSpec(name, _shape(sizes, text), _dtype(dtype, text) if colon else "float32")


def distinct(inputs: Sequence[InputSpec]) -> None:
    """Refuse a name that is given twice.

    Raises:
        SpecError: one is.
    """
    names = [one.name for one in inputs if one.name is not None]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"{quote(name)} is given twice")


def parse_all(inputs: object) -> tuple[InputSpec, ...]:
    """The inputs a library caller gives, in any of the forms that are unambiguous.

    A text (`"1,3,224,224"`), a tuple of sizes (`(1, 3, 224, 224)`), an example tensor; several
    of these in a tuple or list; or a mapping from parameter names to these or to plain values.
    """
    if inputs is None:
        return ()
    if isinstance(inputs, Mapping):
        return tuple(_named(name, given) for name, given in inputs.items())
    if isinstance(inputs, (tuple, list)) and not _is_sizes(inputs):
        return tuple(_one(given) for given in inputs)
    return (_one(inputs),)


def _one(given: object) -> InputSpec:
    if isinstance(given, InputSpec):
        return given
    if isinstance(given, str):
        return parse(given)
    shape, dtype = getattr(given, "shape", given), getattr(given, "dtype", None)
    if not isinstance(shape, (tuple, list)):
        raise SpecError(f"{quote(repr(given))} is not an input; {_ACCEPTED}")
    sizes = tuple(_integer(size, position, shape) for position, size in enumerate(shape, 1))
    if dtype is None:
        return InputSpec(None, sizes)
    return InputSpec(None, sizes, _dtype(str(dtype), f"{list(sizes)}:{dtype}"))


def _named(name: object, given: object) -> InputSpec:
    if not (isinstance(name, str) and name.isidentifier()):
        raise SpecError(f"{quote(str(name))} is not the name of a parameter")
    if isinstance(given, (bool, int, float)) or given is None:
        return InputSpec(name, None, value=given)
    spec = _one(given)
    if spec.name not in (None, name):
        raise SpecError(f"the input {quote(name)} is itself named {quote(str(spec.name))}")
    return InputSpec(name, spec.shape, spec.dtype, spec.value)


def _is_sizes(inputs: tuple[object, ...] | list[object]) -> bool:
    return (
        len(inputs) > 0
        and not any(hasattr(item, "shape") for item in inputs)
        and all(hasattr(item, "__index__") for item in inputs if item)
    )


def _integer(size: object, position: int, shape: object) -> int:
    if isinstance(size, bool) or not hasattr(size, "__index__"):
        raise SpecError(
            f"size {position} of {quote(repr(shape))} is {quote(repr(size))}, "
            "which is not a whole number"
        )
    return _size(str(operator.index(size)), position, repr(shape))


def _shape(sizes: str, text: str) -> tuple[int, ...]:
    if not sizes.strip():
        raise SpecError(f"{quote(text)} has no sizes; {_ACCEPTED}")
    return tuple(_size(size, position, text) for position, size in enumerate(listed(sizes), 1))


def listed(sizes: str, separator: re.Pattern[str] = _SEPARATOR) -> list[str]:
    """The sizes of a shape, however they are separated and bracketed; none of `()`."""
    sizes = sizes.strip()
    if sizes[:1] + sizes[-1:] in ("()", "[]"):
        sizes = sizes[1:-1].strip()
        if not sizes:
            return []
        if sizes.endswith(",") and sizes.count(",") == 1:  # (5,) as Python writes it
            sizes = sizes[:-1]
    return [size.strip() for size in separator.split(sizes)]


def _size(size: str, position: int, text: str) -> int:
    """One size.  Whatever a size may be some day (`N`, `32..640`), it is read here."""
    where = f"size {position} of {quote(text)}"
    if not size:
        raise SpecError(f"{where} is empty; {_ACCEPTED}")
    if not re.fullmatch(r"[+-]?[0-9]+", size):
        raise SpecError(f"{where} is {quote(size)}, which is not a whole number; {_ACCEPTED}")
    if size.startswith("-") or not size.strip("+0"):
        raise SpecError(f"{where} is {quote(size)}; a size must be at least 1")
    if len(size) > 20 or int(size) > _LARGEST:
        raise SpecError(f"{where} is {quote(size)}, which is too large")
    return int(size)


def _dtype(name: str, text: str) -> str:
    name = name.strip().removeprefix("torch.")
    name = ALIASES.get(name, name)
    if name in DTYPES:
        return name
    if not name:
        raise SpecError(f"{quote(text)} has no dtype behind its colon; write 2,16:int64")
    near = difflib.get_close_matches(name.lower(), (*DTYPES, *ALIASES), n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else "float32, float16, int64 and bool are some"
    raise SpecError(f"unknown dtype {quote(name)} in {quote(text)}; {hint}")


def _value(text: str, whole: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise SpecError(
            f"the value of {quote(whole)} is not JSON; write flag:=true, scale:=0.5 or "
            'mode:=\\"max\\"'
        ) from None
