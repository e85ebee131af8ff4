"""The registry of shape functions.

A shape function has the operator's own signature, with a `TensorSpec` for every tensor, and
answers with the `TensorSpec` (or a tuple of them) that comes out.  It is registered under its
own name for every spelling that torch has of it:

    @operator
    def relu(input, inplace=False):
        return input

covers `torch.relu`, `torch.relu_`, `Tensor.relu`, `Tensor.relu_`, `F.relu`, `F.relu_`.  Leaf
modules are lowered to an operator's arguments:

    @lowers(nn.Conv2d, to=conv2d)
    def _(module, input):
        return {"input": input, "weight": parameter(module, "weight"), ...}

What must hold is said by the rules; a shape function answers with what the layer would give if
its preconditions held.  Where nothing could come out, and no rule explains why, it raises
`Rejected` with torch's reason.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

import torch

from convlint.dims import Dim
from convlint.network import Layer
from convlint.tensor import CONTIGUOUS, TensorSpec

ShapeFunction = Callable[..., Any]
Lowering = Callable[..., "dict[str, Any] | None"]

_NAMESPACES: Final = (torch, torch.Tensor, torch.nn.functional, torch.special, torch._VF)
_SYNONYMS: Final = {"axis": "dim", "keepdims": "keepdim", "self": "input", "x": "input"}


class Rejected(Exception):
    """torch refuses this call; the text is the reason, as torch gives it."""


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """An operator of torch and its shape function.

    `variadic` names the parameter that may be spelled as `*args` (`x.view(2, 3)`).
    `random` says that the values of its result cannot be known, `swapped` holds the spellings
    that take their first two arguments the other way round, `extra` that further keyword
    arguments are taken and mean nothing to the shape, `tensors` the parameters that are a tensor
    and nothing else.
    """

    name: str
    shape: ShapeFunction
    parameters: tuple[str, ...]
    defaults: Mapping[str, Any]
    variadic: str | None = None
    random: bool = False
    swapped: frozenset[Any] = frozenset()
    extra: bool = False
    tensors: tuple[str, ...] = ()

    def bind(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The call's arguments by parameter name, defaults filled in.

        Raises:
            TypeError: too many arguments, or names that the operator does not have.
        """
        names = self.parameters
        if func in self.swapped:
            args = (args[1], args[0], *args[2:])
        bound: dict[str, Any] = {}
        if self.variadic is not None:
            at = names.index(self.variadic)
            rest = args[at:]
            if rest:
                single = len(rest) == 1 and isinstance(rest[0], (tuple, list))
                bound[self.variadic] = tuple(rest[0]) if single else tuple(rest)
            bound.update(zip(names[:at], args, strict=False))
        else:
            if len(args) > len(names):
                raise TypeError(f"{self.name}() takes {len(names)} arguments, got {len(args)}")
            bound.update(zip(names, args, strict=False))
        for key, value in kwargs.items():
            name = key if key in names else _SYNONYMS.get(key, key)
            if name in names:
                bound[name] = value
            elif key not in _IGNORED and not self.extra:
                raise TypeError(f"{self.name}() got an unexpected keyword argument {key!r}")
        return self.complete(bound)

    def complete(self, bound: Mapping[str, Any]) -> dict[str, Any]:
        """`bound` in the order of the parameters, defaults filled in.

        Raises:
            TypeError: an argument without a default is missing.
            Rejected: a number, text, tuple or list is in the place of a tensor.
        """
        defaults = self.defaults
        try:
            whole = {n: bound[n] if n in bound else defaults[n] for n in self.parameters}
        except KeyError as missing:
            raise TypeError(f"{self.name}() misses the argument {missing}") from None
        for n in self.tensors:
            kind = type(whole[n])
            if kind is not TensorSpec and (kind in (tuple, list) or issubclass(kind, _PLAIN)):
                plain = next(p for p in (*_PLAIN, tuple, list) if issubclass(kind, p))
                raise Rejected(f"argument {n!r} must be Tensor, not {plain.__name__}")
        return whole


_PLAIN: Final = (int, float, complex, str)
_IGNORED: Final = frozenset(
    {"out", "device", "requires_grad", "pin_memory", "layout", "memory_format", "non_blocking",
     "copy", "generator", "_stacklevel", "names"}
)  # fmt: skip

_CUSTOM: Final = (torch._ops.OpOverloadPacket, torch._ops.OpOverload)
"""Operators that a library has registered with torch, as `torch.ops.torchvision.nms`."""

_OPERATORS: Final[dict[str, Operator]] = {}
_FUNCTIONS: Final[dict[Any, Operator]] = {}
_EXPLAINED: Final[dict[str, Callable[[Layer], str | None]]] = {}
_MODULES: Final[dict[type, tuple[str, Lowering]]] = {}
_COMPUTED: Final[dict[type, tuple[object, ...]]] = {}
"""By what a module of torch computed its output when it was registered."""

_LEAVES: Final[dict[type, tuple[str, Lowering] | None]] = {}
"""Answers of `_leaf`, which is asked at every call of a module."""


@overload
def operator(function: ShapeFunction, /) -> ShapeFunction: ...
@overload
def operator(
    *also: str, variadic: str | None = ..., random: bool = ..., only: bool = ..., name: str = ...
) -> Callable[[ShapeFunction], ShapeFunction]: ...
def operator(
    *also: Any,
    variadic: str | None = None,
    random: bool = False,
    only: bool = False,
    name: str = "",
) -> Any:
    """Register a shape function.

    Args:
        also: further spellings, dotted from torch (`"fft.rfft2"`, `"Tensor.__add__"`,
            `"nn.functional.hardtanh"`), or with the namespace of a library that registers it
            with torch when it is imported (`"torchvision::nms"`); one that begins with
            `"swapped:"` takes its first two arguments the other way round
            (`"swapped:Tensor.__rmatmul__"`).
        variadic: the parameter that may be spelled as `*args`.
        random: the values of the result can never be known.
        only: only the spellings in `also`, not those by name.
        name: the operator's name where the function cannot have it (`"slice"`).

    Raises:
        ValueError: a name or spelling is registered twice.
    """
    if len(also) == 1 and callable(also[0]):
        return operator()(also[0])

    def register(function: ShapeFunction) -> ShapeFunction:
        op_name = name or function.__name__
        # What `inspect.signature` says, which took a quarter of the import of this package.
        code = function.__code__
        if code.co_flags & inspect.CO_VARARGS:
            raise ValueError(f"{op_name}: name the parameter, and say `variadic`")
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        defaults = function.__defaults__ or ()
        positional = names[code.co_argcount - len(defaults) : code.co_argcount]
        swapped: set[Any] = set()
        spellings = set() if only else set(_by_name(op_name))
        for text in also:
            turned = text.startswith("swapped:")
            found = text if "::" in text else _resolve(text.removeprefix("swapped:"))
            if found is not None:
                spellings.add(found)
                if turned:
                    swapped.add(found)
        op = Operator(
            op_name,
            function,
            names,
            dict(zip(positional, defaults, strict=True)) | (function.__kwdefaults__ or {}),
            variadic,
            random,
            frozenset(swapped),
            bool(code.co_flags & inspect.CO_VARKEYWORDS),
            tuple(n for n in names if function.__annotations__.get(n) == "TensorSpec"),
        )
        if op_name in _OPERATORS:
            raise ValueError(f"operator {op_name!r} is registered twice")
        _OPERATORS[op_name] = op
        for spelling in spellings:
            if spelling in _FUNCTIONS:
                raise ValueError(
                    f"{spelling!r} belongs to {_FUNCTIONS[spelling].name!r} and {op_name!r}"
                )
            _FUNCTIONS[spelling] = op
        return function

    return register


def lowers(*modules: type[torch.nn.Module], to: str) -> Callable[[Lowering], Lowering]:
    """Register how a leaf module's call becomes the arguments of the operator `to`.

    The function has the signature of the module's `forward`, after the module itself.  It may
    answer None for a module that is better entered (an encoder of the user's own layers).

    Raises:
        ValueError: a module is registered twice.
    """

    def register(function: Lowering) -> Lowering:
        for module in modules:
            if module in _MODULES:
                raise ValueError(f"{module.__name__} is lowered twice")
            _MODULES[module] = (to, function)
            _COMPUTED[module] = _computing(module)
        return function

    return register


def explains(
    *names: str,
) -> Callable[[Callable[[Layer], str | None]], Callable[[Layer], str | None]]:
    """Register how the formula of the operators `names` is printed with a layer's numbers.

    Raises:
        ValueError: an operator is explained twice.
    """

    def register(function: Callable[[Layer], str | None]) -> Callable[[Layer], str | None]:
        for name in names:
            if name in _EXPLAINED:
                raise ValueError(f"operator {name!r} is explained twice")
            _EXPLAINED[name] = function
        return function

    return register


def explanation(name: str) -> Callable[[Layer], str | None] | None:
    """What prints the formula of the operator `name`."""
    return _EXPLAINED.get(name)


def find(func: Any) -> Operator | None:
    """The operator that `func` is a spelling of."""
    try:
        found = _FUNCTIONS.get(func)
    except TypeError:  # an unhashable callable
        return None
    if found is None and type(func) in _CUSTOM:
        packet = getattr(func, "overloadpacket", func)
        return _FUNCTIONS.get(packet._qualified_op_name)
    return found


def named(name: str) -> Operator:
    """The operator with this name."""
    return _OPERATORS[name]


def is_named(name: str) -> bool:
    """Whether an operator has this name."""
    return name in _OPERATORS


def operators() -> tuple[Operator, ...]:
    """All operators."""
    return tuple(_OPERATORS.values())


def lowering(
    module: torch.nn.Module,
) -> tuple[Operator, Lowering] | None:
    """The operator of a leaf module; None for a module that is to be entered.

    A subclass is a leaf only as long as it computes what its torch ancestor does.
    """
    kind = type(module)
    found = _leaf(kind)
    if found is None or "forward" in module.__dict__:
        return None
    return _OPERATORS[found[0]], found[1]


def _leaf(kind: type) -> tuple[str, Lowering] | None:
    if kind in _LEAVES:
        return _LEAVES[kind]
    answer = None
    for ancestor in kind.__mro__:
        if ancestor in _MODULES:
            own = _computing(kind) == _COMPUTED[ancestor] and kind.__call__ is ancestor.__call__
            answer = _MODULES[ancestor] if own else None
            break
    _LEAVES[kind] = answer
    return answer


def _computing(kind: type) -> tuple[object, ...]:
    """What computes a module's output; user code may replace it in torch's own classes too."""
    return tuple(getattr(kind, name, None) for name in ("forward", "_conv_forward"))


def parameter(module: torch.nn.Module, name: str, shape: Sequence[Dim] = ()) -> TensorSpec | None:
    """A module's parameter or buffer as a spec, without computing a parametrized one.

    Args:
        shape: the declared shape, for a parameter that is computed (parametrizations,
            weight_norm) and so cannot be looked at.
    """
    held: torch.Tensor | None = module._parameters.get(name)
    if held is None:
        held = module._buffers.get(name)
    if held is not None:
        return TensorSpec(
            tuple(held.shape), held.dtype, CONTIGUOUS if held.is_contiguous() else None
        )
    if name in module._parameters or name in module._buffers:
        return None
    plain = module.__dict__.get(name)
    if isinstance(plain, torch.Tensor):
        return TensorSpec(tuple(plain.shape), plain.dtype)
    return TensorSpec(tuple(shape), _dtype_of_computed(module, name)) if shape else None


def _dtype_of_computed(module: torch.nn.Module, name: str) -> torch.dtype | None:
    """The dtype of a parametrized parameter: torch's own parametrizations keep it."""
    parametrized: Any = getattr(module, "parametrizations", {})
    if name not in parametrized:
        return None
    made = parametrized[name]
    own = all(type(step).__module__.startswith("torch.nn.utils.") for step in made)
    if made.unsafe and not own:  # not checked to keep it
        return None
    return next((p.dtype for p in made.parameters()), None)


def _by_name(name: str) -> list[Any]:
    found = []
    for space in _NAMESPACES:
        for spelling in (name, name + "_"):
            value = getattr(space, spelling, None)
            if callable(value) and not isinstance(value, type):
                found.append(value)
    return found


def _resolve(path: str) -> Any:
    value: Any = torch
    for part in path.split("."):
        value = getattr(value, part, None)
    return value
