"""The `--input` language: what the network is called with.

    1,3,224,224        one tensor, float32, by position
    1x3x224x224        the same (some shells split words at commas)
    2,16:int64         another dtype
    ():float32         a tensor without axes
    mask=2,16:bool     by the name of forward's parameter
    flag:=true         no tensor: a JSON value

A size may be left open, with a letter, a formula of letters, or where it may lie:

    N,3,H,W            any batch of any images (NxTx64: single letters only)
    N,3,2*H,H//4       what the letters make it
    1,3,224..512,224   a range or a set (1/2/8), as `--dim` has it

torch is not imported here: the command line reads its arguments before it pays for that.
"""

from __future__ import annotations

import difflib
import itertools
import json
import operator
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from convlint import symbol
from convlint.arithmetic.term import Term, letter
from convlint.quote import quote
from convlint.symbol import LARGEST, Domain
from convlint.symbol import SpecError as SpecError  # what everybody knows by this module

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
_VALUE: Final = re.compile(r"\s*([^\W\d]\w*)\s*:=(.*)", re.DOTALL)
_NAMED: Final = re.compile(r"\s*([^=]*?)\s*=(.*)", re.DOTALL)
COMMAS: Final = re.compile(r",")
TIMES: Final = re.compile(r"[xX×]")
_NUMBERS: Final = re.compile(r"[0-9]+(?:\s*[xX×]\s*[0-9]+)+")
_WORD: Final = re.compile(r"[^\W\d]\w+")
_SLIP: Final = re.compile(r"(?<!\w)[0-9]+(?=[^\W\d])\w*[\dxX]")
"""`22a4`, `3xH`: by the rules of a formula it would be a number times a letter."""

_BATCH: Final = ("N", "B")
_AXES: Final[Mapping[int, str]] = {1: "N", 2: "NC", 3: "NCL", 4: "NCHW", 5: "NCDHW"}


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One argument of `forward`: a tensor (`shape` and `dtype`), or a plain `value`.

    `name` is None where the argument is given by position; `shape` is None for a value.  A size is
    a number, or what its letters make it.  `domains` has the letters that stand for a range or a
    set which is written within the shape.
    """

    name: str | None
    shape: tuple[int | Term, ...] | None
    dtype: str = "float32"
    value: object = None
    domains: tuple[tuple[str, Domain], ...] = ()

    @property
    def is_tensor(self) -> bool:
        """Whether a tensor is meant, and not a plain value."""
        return self.shape is not None

    @property
    def terms(self) -> tuple[Term, ...]:
        """The sizes that are no numbers."""
        return tuple(size for size in self.shape or () if isinstance(size, Term))

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters in it, in order, each once."""
        return tuple(dict.fromkeys(letter for one in self.terms for letter in one.letters))

    @property
    def is_symbolic(self) -> bool:
        """Whether a size depends on letters."""
        return bool(self.terms)

    @property
    def is_batched(self) -> bool:
        """Whether its first axis is called a batch: `N` or `B`."""
        first = self.shape[0] if self.shape else None
        return isinstance(first, Term) and first.text in _BATCH

    def at(self, sizes: Mapping[str, int]) -> InputSpec:
        """The same input, where its letters are these sizes.

        Raises:
            SpecError: a letter has no size, or something is no whole size of at least 1.
        """
        if not self.is_symbolic:
            return self
        return replace(self, shape=tuple(self._sizes(sizes)), domains=())

    def _sizes(self, known: Mapping[str, int]) -> Iterator[int]:
        for one in self.shape or ():
            size = one.exact(known) if isinstance(one, Term) else one
            if size is None or not 1 <= size <= LARGEST:
                assert isinstance(one, Term)
                told = ", ".join(f"{n} = {known[n]}" for n in one.letters if n in known)
                reason = "no whole number" if size is None else f"{size}"
                end = "" if size is None else "; a size must be at least 1"
                end = end if size is None or size < 1 else ", which is too large"
                where = f" where {told}" if told else ""
                raise SpecError(f"{quote(one.text)} in {quote(str(self))} is {reason}{where}{end}")
            yield size

    @property
    def concrete(self) -> tuple[int, ...]:
        """The shape of a tensor without letters.

        Raises:
            SpecError: there are letters.
        """
        return tuple(self._sizes({}))

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.name}:={json.dumps(self.value, default=repr)}"
        sizes = ",".join(s.text if isinstance(s, Term) else str(s) for s in self.shape) or "()"
        if len(self.shape) == 1 and (TIMES.search(sizes) or sizes.startswith("(")):
            sizes = f"({sizes},)"
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
    made = InputSpec(name, None, _dtype(dtype, text) if colon else "float32")
    return _lettered(made, _shape(sizes, text), set())


def united(inputs: Sequence[InputSpec]) -> tuple[InputSpec, ...]:
    """Inputs of one call: ranges that are written in different ones are different letters.

    Raises:
        SpecError: a name is given twice.
    """
    names = [one.name for one in inputs if one.name is not None]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"{quote(name)} is given twice")
    used: set[str] = set()
    for one in inputs:
        used |= {*one.letters} - {letter for letter, _ in one.domains}
    return tuple(_lettered(one, _written(one), used) if one.domains else one for one in inputs)


def letters(inputs: Iterable[InputSpec]) -> tuple[str, ...]:
    """The letters of several inputs, in order, each once."""
    return tuple(dict.fromkeys(letter for one in inputs for letter in one.letters))


def _written(spec: InputSpec) -> Iterator[int | Term | Domain]:
    """The sizes as they were written."""
    inner = dict(spec.domains)
    for size in spec.shape or ():
        yield inner.get(size.letter or "", size) if isinstance(size, Term) else size


def _lettered(spec: InputSpec, written: Iterable[int | Term | Domain], used: set[str]) -> InputSpec:
    """The input with a letter for every range, named after its axis; `used` grows by them."""
    sizes = tuple(written)
    used |= {letter for size in sizes if isinstance(size, Term) for letter in size.letters}
    domains: list[tuple[str, Domain]] = []
    shape: list[int | Term] = []
    for axis, size in enumerate(sizes):
        if isinstance(size, Domain):
            name = _free(_axis(axis, len(sizes), spec.dtype), used)
            used.add(name)
            domains.append((name, size))
            size = letter(name, size.text)
        shape.append(size)
    return replace(spec, shape=tuple(shape), domains=tuple(domains))


def _axis(axis: int, rank: int, dtype: str) -> str:
    """What the field calls an axis."""
    if rank == 2 and dtype in ("int32", "int64"):
        return "NT"[axis]
    names = _AXES.get(rank) or f"NC{'D' * (rank - 4)}HW"
    return names[axis]


def _free(name: str, used: set[str]) -> str:
    """`name`, or `name2`, ... where it is used."""
    numbered = (f"{name}{number}" for number in itertools.count(2))
    return next(one for one in itertools.chain([name], numbered) if one not in used)


def parse_all(inputs: object) -> tuple[InputSpec, ...]:
    """The inputs a library caller gives, in any of the forms that are unambiguous.

    A text (`"1,3,224,224"`), a tuple of sizes (`(1, 3, 224, 224)`), an example tensor; several
    of these in a tuple or list; or a mapping from parameter names to these or to plain values.
    """
    if inputs is None:
        return ()
    if isinstance(inputs, Mapping):
        return united([_named(name, given) for name, given in inputs.items()])
    if isinstance(inputs, (tuple, list)) and not _is_sizes(inputs):
        return united([_one(given) for given in inputs])
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
    return replace(spec, name=name)


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
    return _number(str(operator.index(size)), f"size {position} of {quote(repr(shape))}")


def _shape(sizes: str, text: str) -> Iterator[int | Term | Domain]:
    if not sizes.strip():
        raise SpecError(f"{quote(text)} has no sizes; {_ACCEPTED}")
    quoted = quote(text)
    for position, size in enumerate(_sizes(sizes, text), 1):
        yield _size(size, f"size {position} of {quoted}")


def _sizes(sizes: str, text: str) -> Iterator[str]:
    if "," not in sizes:
        found = listed(sizes, TIMES)
        if len(found) > 1 and any(_WORD.search(size) for size in found):
            raise SpecError(f"{quote(text)} could be read in several ways; write N,3,H,W")
        yield from found
        return
    for size in listed(sizes, COMMAS):
        yield from listed(size, TIMES) if _NUMBERS.fullmatch(size) else (size,)


def listed(sizes: str, separator: re.Pattern[str]) -> list[str]:
    """The sizes of a shape, however they are separated and bracketed; none of `()`."""
    sizes = sizes.strip()
    if sizes[:1] + sizes[-1:] in ("()", "[]") and _is_closed_last(sizes):
        sizes = sizes[1:-1].strip()
        if not sizes:
            return []
        if sizes.endswith(",") and sizes.count(",") == 1:  # (5,) as Python writes it
            sizes = sizes[:-1]
    return [size.strip() for size in separator.split(sizes)]


def _is_closed_last(text: str) -> bool:
    """Whether the bracket with which a text begins is closed at its end, as in `(H+1)*(W+1)`."""
    depth = 0
    for place, character in enumerate(text, 1):
        depth += (character in "([") - (character in ")]")
        if not depth:
            return place == len(text)
    return False


def _size(size: str, where: str) -> int | Term | Domain:
    """One size: a number, a formula, or where it may lie."""
    if not size:
        raise SpecError(f"{where} is empty; {_ACCEPTED}")
    if re.fullmatch(r"[+-]?[0-9]+", size):
        return _number(size, where)
    if size in ("?", "*", "-1", "None", "_", "...", "…"):
        raise SpecError(f"{where} is {quote(size)}; a size that may be anything is a letter, as N")
    if _SLIP.search(size):
        raise SpecError(f"{where} is {quote(size)}, which could be read in several ways")
    try:
        if symbol.is_domain(size):
            return symbol.domain(size)
        found = symbol.size_term(size)
    except SpecError as error:
        raise SpecError(f"{where} is {error}") from None
    return found if found.letters else _number(str(found.exact({})), where)


def _number(size: str, where: str) -> int:
    if size.startswith("-") or not size.strip("+0"):
        raise SpecError(f"{where} is {quote(size)}; a size must be at least 1")
    if len(size) > 20 or int(size) > LARGEST:
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
