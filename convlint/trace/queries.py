"""What the user's code asks of a tensor: shape, device, truth.  Answered, not recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch

from convlint.dims import Unknown, guess
from convlint.tensor import CONTIGUOUS
from convlint.trace.bytecode import sparing, unpacked
from convlint.trace.counting import OpenList
from convlint.trace.knowledge import Question, inputs_of, key, of_truth
from convlint.trace.recorder import SMALL, Recorder, Value
from convlint.trace.size import Ratio, Size

_CPU: Final = torch.device("cpu")

Query = Callable[[Recorder, Value, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
QUERIES: Final[dict[Any, Query]] = {}

_USUALLY_TRUE: Final = frozenset(
    {"all", "_is_all_true", "isfinite", "allclose", "equal", "isclose"}
)
"""A question made by these is a check that a sane network passes."""


def _getter(name: str) -> Any:
    return getattr(torch.Tensor, name).__get__


def _answers(*spellings: Any) -> Callable[[Query], Query]:
    def register(query: Query) -> Query:
        for spelling in spellings:
            if spelling in QUERIES:
                raise ValueError(f"two answers for {spelling!r}")
            QUERIES[spelling] = query
        return query

    return register


@_answers(torch.Tensor.size, _getter("shape"))
def _size(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> Any:
    dim = args[1] if len(args) > 1 else kwargs.get("dim")
    rank = _rank(recorder, value)
    if dim is None:
        return torch.Size([_read(recorder, value, d) for d in range(rank)])
    if value.spec.shape is None:
        return Size(Unknown(), ("size", value, dim), recorder)
    if not -rank <= dim < rank:
        return func(value.tensor, dim)  # torch's own IndexError
    return _read(recorder, value, dim % rank)


def _read(recorder: Recorder, value: Value, dim: int) -> Size:
    size = recorder.size(value, dim)
    if isinstance(size.dim, Unknown):
        recorder.blind += 1
    return size


def _rank(recorder: Recorder, value: Value) -> int:
    """The rank; where it is unknown, the one that the user's code is about to unpack."""
    if value.spec.shape is not None:
        return len(value.spec.shape)
    recorder.blind += 1
    likely = value.rank or value.tensor.dim()
    names = unpacked(recorder.filter)
    value.rank = names.taking(likely) if names is not None else likely
    return value.rank


def length(recorder: Recorder, tensor: torch.Tensor) -> Any:
    """`len(tensor)` that keeps what is known of it."""
    value = recorder.value(tensor)
    if _rank(recorder, value) == 0:
        raise TypeError("len() of a 0-d tensor")
    return _read(recorder, value, 0)


@_answers(torch.Tensor.dim, torch.Tensor.ndimension, _getter("ndim"))
def _dim(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> int:
    return _rank(recorder, value)


@_answers(torch.Tensor.numel, torch.numel, torch.Tensor.nelement)
def _numel(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> Any:
    total: Any = 1
    for dim in range(_rank(recorder, value)):
        total = total * _read(recorder, value, dim)
    return total


@_answers(torch.Tensor.__len__)
def _len(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> int:
    return int(length(recorder, value.tensor))


@_answers(_getter("device"))
def _device(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> Any:
    return _CPU


@_answers(torch.Tensor.get_device)
def _get_device(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> int:
    return -1


@_answers(_getter("is_meta"), _getter("is_cuda"), torch.Tensor.is_pinned)
def _no(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> bool:
    return False


@_answers(_getter("is_cpu"))
def _yes(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> bool:
    return True


@_answers(_getter("dtype"))
def _dtype(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> Any:
    return value.spec.dtype or value.tensor.dtype


@_answers(
    _getter("layout"), _getter("is_sparse"), _getter("is_sparse_csr"), torch.Tensor.is_coalesced,
    torch.Tensor._nnz, torch.Tensor.sparse_dim, torch.Tensor.dense_dim,
)  # fmt: skip
def _of_layout(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> Any:
    known = value.layout is not None and (value.spec.shape is not None or value.concrete)
    if value.concrete or (known and value.layout is torch.strided):
        return func(*args)
    layout = value.layout if known else torch.sparse_coo
    if not known:
        recorder.blind += 1
    if func == _getter("layout"):
        return layout
    if func == _getter("is_sparse"):
        return layout is torch.sparse_coo
    if func == _getter("is_sparse_csr"):
        return layout is torch.sparse_csr
    recorder.blind += 1
    if func is torch.Tensor.is_coalesced:
        return value.spec.source is not None and value.spec.source.op == "coalesce"
    return Size(Unknown(_rank(recorder, value)), ("data",), recorder)


@_answers(torch.Tensor.element_size, _getter("itemsize"))
def _itemsize(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> int:
    return (value.spec.dtype or value.tensor.dtype).itemsize


@_answers(_getter("nbytes"))
def _nbytes(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> Any:
    return _numel(recorder, value, func, args, kwargs) * _itemsize(recorder, value, func, (), {})


@_answers(torch.Tensor.is_floating_point, torch.is_floating_point)
def _is_floating_point(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> bool:
    return (value.spec.dtype or value.tensor.dtype).is_floating_point


@_answers(torch.Tensor.is_complex, torch.is_complex)
def _is_complex(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> bool:
    return (value.spec.dtype or value.tensor.dtype).is_complex


@_answers(torch.Tensor.is_contiguous)
def _is_contiguous(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> bool:
    if kwargs or len(args) > 1:
        return False  # another memory format
    if value.spec.strides is None:
        recorder.blind += 1
    return value.spec.strides == CONTIGUOUS


@_answers(torch.Tensor.stride)
def _stride(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> Any:
    strides = value.spec.element_strides()
    if strides is None:
        recorder.blind += 1
        strides = (Unknown(),) * _rank(recorder, value)
    sizes = tuple(s if isinstance(s, int) else Size(s, ("data",), recorder) for s in strides)
    dim = args[1] if len(args) > 1 else kwargs.get("dim")
    return sizes if dim is None else sizes[dim]


_OF_ONE: Final = (torch.Tensor.__bool__, torch.Tensor.is_nonzero, torch.is_nonzero)


def _is_of_several(value: Value) -> bool:
    """Whether it certainly has another number of elements than one."""
    elements = value.spec.numel
    return isinstance(elements, int) and elements != 1


@_answers(
    torch.Tensor.__bool__, torch.Tensor.is_nonzero, torch.is_nonzero, torch.equal,
    torch.Tensor.equal, torch.allclose, torch.Tensor.allclose, torch.Tensor.__contains__,
)  # fmt: skip
def _truth(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> bool:
    if _all_concrete(recorder, args):
        return bool(func(*args, **kwargs))
    if func in _OF_ONE and _is_of_several(value):
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
    made = value.spec.source.op if value.spec.source is not None else ""
    question = _question(recorder, value, func, args) if recorder.root is not None else None
    if question is None:
        spared = sparing(recorder.filter)
        answer = recorder.ending(made in _USUALLY_TRUE if spared is None else spared)
    else:
        answer = recorder.decide(question, made in _USUALLY_TRUE)
    recorder.assume("the truth of a tensor's values", str(answer).lower(), question is not None)
    return answer


def _question(recorder: Recorder, value: Value, func: Any, args: tuple[Any, ...]) -> Question:
    if len(args) == 1:
        return of_truth(value.node)
    inputs = inputs_of(value.node)
    keys: list[Any] = []
    for argument in args:  # `torch.equal(x, y)`, `3 in x`
        if isinstance(argument, torch.Tensor):
            node = recorder.value(argument).node
            inputs |= inputs_of(node)
            keys.append(key(node))
        else:
            keys.append(repr(argument))
    return Question((func.__name__, *keys), "!=", 0.0, inputs=inputs)


@_answers(
    torch.Tensor.item, torch.Tensor.__int__, torch.Tensor.__float__, torch.Tensor.__index__,
    torch.Tensor.__complex__,
)  # fmt: skip
def _number(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> Any:
    if value.concrete:
        return func(*args, **kwargs)
    whole = _is_whole(value)
    if func is torch.Tensor.__index__ and (_is_of_several(value) or not whole):
        raise TypeError("only integer tensors of a single element can be converted to an index")
    if _is_of_several(value):
        elements = value.spec.numel
        raise RuntimeError(f"a Tensor with {elements} elements cannot be converted to Scalar")
    if func is torch.Tensor.item and value.spec.dtype is torch.bool:
        return _truth(recorder, value, func, args, kwargs)
    recorder.assume("a number out of a tensor", "some number")
    origin = ("number", value)
    if func is torch.Tensor.__index__:
        return 1
    if func is torch.Tensor.__int__:
        return int(Size(Unknown(), origin, recorder))
    if func is torch.Tensor.__float__:
        return float(Ratio(1.0, origin, recorder, unknown=True))
    if func is torch.Tensor.__complex__:
        return complex(1.0)
    return _some_number(recorder, origin, whole)


def _is_whole(value: Value) -> bool:
    """Whether its numbers may be whole ones, as far as is known."""
    dtype = value.spec.dtype
    return dtype is None or not (dtype.is_floating_point or dtype.is_complex)


def _some_number(recorder: Recorder, origin: tuple[Any, ...], whole: bool) -> Size | Ratio:
    if whole:
        return Size(Unknown(), origin, recorder)
    return Ratio(1.0, origin, recorder, unknown=True)


@_answers(torch.Tensor.tolist)
def _tolist(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> Any:
    recorder.fix(value)
    if value.concrete:
        return func(*args)
    recorder.assume("a list of a tensor's numbers", "some numbers")
    whole = _is_whole(value)

    def nested(counts: list[tuple[int, bool]]) -> Any:
        if not counts:
            return _some_number(recorder, ("data",), whole)
        (count, certain), *inner = counts
        items = [nested(inner) for _ in range(count)]
        return items if certain else OpenList(items, recorder)

    return nested(_counts(recorder, value))


def _counts(recorder: Recorder, value: Value) -> list[tuple[int, bool]]:
    """How many numbers a list of a tensor has along each axis, and which counts are certain."""
    tensor = value.tensor
    shape = (Unknown(),) if value.spec.shape is None else value.spec.shape
    if tensor.numel() > SMALL:
        counts = [(1, False)] * len(shape)
    else:
        counts = [(n, True) if isinstance(n, int) else (max(1, guess(n)), False) for n in shape]
    names = unpacked(recorder.filter)
    starred = None
    if counts and not counts[0][1] and names is not None:
        counts[0] = names.taking(counts[0][0]), not names.starred
        starred = counts[0][0] - names.plain
    for count, certain in counts:
        if not certain:
            recorder.goes_over(count, starred)
    return counts


@_answers(torch.Tensor.__format__, torch.Tensor.__repr__)
def _text(recorder: Recorder, value: Value, func: Any, args: Any, kwargs: Any) -> str:
    if value.concrete:
        return str(func(*args, **kwargs))
    if not _is_of_several(value):  # it may be a key
        recorder.blind += 1
    if func is torch.Tensor.__format__ and not value.spec.shape:
        recorder.assume("a number out of a tensor", "some number")
        number = value.spec.dtype is torch.bool or (1 if _is_whole(value) else 1.0)
        return format(number, *args[1:], **kwargs)
    return f"tensor(..., size={tuple(value.tensor.shape)})"


def _all_concrete(recorder: Recorder, args: tuple[Any, ...]) -> bool:
    return all(recorder.value(a).concrete for a in args if isinstance(a, torch.Tensor))
