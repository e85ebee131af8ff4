"""What `x.numpy()` gives: an array of a known size and dtype, of unknown numbers.

NumPy itself says what comes of it: every function runs several times, on arrays filled with
different numbers. A size that is not the same each time depends on the numbers: it is unknown.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from convlint.dims import Dim, Unknown, guess
from convlint.tensor import TensorSpec
from convlint.trace.bytecode import items_wanted, sparing
from convlint.trace.counting import OpenList
from convlint.trace.size import Ratio, Size, plain

if TYPE_CHECKING:
    from convlint.trace.recorder import Recorder, Value

_FILLINGS: Final = (0, 1, 2)
_LARGE: Final = 1_000_000
"""Elements up to which NumPy is asked."""


def array_of(recorder: Recorder, value: Value) -> Array | None:
    """The numbers of a tensor as an array; None where not even its size is known."""
    spec = value.spec
    numel = spec.numel
    if not spec.known or not isinstance(numel, int) or numel > _LARGE or spec.dtype is None:
        return None
    try:
        dtype = torch.empty(0, dtype=spec.dtype).numpy().dtype
    except TypeError:  # NumPy has no such numbers
        return None
    recorder.has_arrays = True
    recorder.fix(value)
    recorder.assume("the numbers of a tensor", "some numbers")
    shape = tuple(guess(n) for n in spec.shape or ())
    return Array(recorder, (shape,) * len(_FILLINGS), dtype, (value,), of=value)


class Array(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands for an array. It passes for one, but gives its numbers to nobody."""

    def __init__(
        self,
        recorder: Recorder,
        shapes: tuple[tuple[int, ...], ...],
        dtype: Any,
        origins: tuple[Value, ...],
        doubtful: bool = False,
        of: Value | None = None,
    ) -> None:
        self._recorder = recorder
        self._shapes = shapes
        """By filling."""
        self._dtype = dtype
        self._origins = origins
        """The tensors that its numbers are made of."""
        self._doubtful = doubtful
        """Whether NumPy refused one of the fillings: then no size is certain."""
        self._of = of
        """The tensor whose numbers these are, as they were."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return np.ndarray

    def filled(self, filling: int) -> Any:
        """One of the arrays that it may be."""
        return np.resize(_numbers(self._dtype, filling), self._shapes[filling])

    def dims(self) -> tuple[Dim, ...] | None:
        """Its sizes, as far as they are known."""
        if len({len(shape) for shape in self._shapes}) > 1:
            return None
        sides = zip(*self._shapes, strict=True)
        certain = not self._doubtful
        return tuple([n[0] if certain and len(set(n)) == 1 else Unknown(max(n)) for n in sides])

    def tensor(self) -> torch.Tensor:
        """A tensor of these numbers."""
        if self._of is not None:
            return self._of.tensor
        dtype = getattr(torch, str(self._dtype), None)
        dtype = dtype if isinstance(dtype, torch.dtype) else None
        dims = self.dims()
        with torch._C.DisableTorchFunction():
            return self._made(dims, dtype)

    def _made(self, dims: Any, dtype: torch.dtype | None) -> torch.Tensor:
        recorder = self._recorder
        spec = TensorSpec(dims, dtype, None)
        nodes = tuple(value.node for value in self._origins)
        node = recorder.graph.call_function(lost_array, nodes)
        given = {str(i): value.spec for i, value in enumerate(self._origins)}
        layer = recorder.layer("from_numpy", "torch.from_numpy", given, spec, node)
        return recorder.hold(spec, node, layer)

    # -- what NumPy does with it

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out", ())
        result = _each(self._recorder, getattr(ufunc, method), inputs, kwargs)
        if len(out) == 1 and type(out[0]) is Array:
            out[0]._of = None
            return out[0]
        return result

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _each(self._recorder, func, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        self._recorder.blind += 1
        raise TypeError("the numbers of this array are not known")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self.filled(0), name)
        if not callable(found):
            return _each(self._recorder, getattr, (self, name), {})

        def run(*args: Any, **kwargs: Any) -> Any:
            self._of = None
            return _each(self._recorder, _method(name), (self, *args), kwargs)

        return run

    def __getitem__(self, key: Any) -> Any:
        return _each(self._recorder, _method("__getitem__"), (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self._of = None
        _each(self._recorder, _method("__setitem__"), (self, key, value), {})
        self._origins = tuple(dict.fromkeys([*self._origins, *_origins((key, value))]))

    # -- what Python asks of it

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self._size(dim) for dim in self.dims() or ())

    @property
    def dtype(self) -> Any:
        return self._dtype

    @property
    def size(self) -> int:
        total = 1
        for n in self.shape:
            total = total * n
        return total

    def _size(self, dim: Dim) -> int:
        if isinstance(dim, int):
            return dim
        self._recorder.blind += 1
        return Size(dim, ("data",), self._recorder)

    def length(self) -> int:
        """`len()` that keeps what is known of it."""
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __len__(self) -> int:
        length = self.length()
        return plain(length) if type(length) is Size else length

    def __iter__(self) -> Any:
        dims = self.dims()
        if not dims:
            raise TypeError("iteration over a 0-d array")
        count = dims[0]
        if not isinstance(count, int):
            names = items_wanted(self._recorder.filter)
            count = 1 if names is None else names.taking(1)
            self._recorder.goes_over(count)
        return iter([self[i] for i in range(count)])

    def item(self, *args: Any) -> Any:
        self._recorder.assume("a number out of a tensor", "some number")
        if self._dtype.kind in "iu":
            return Size(Unknown(), ("data",), self._recorder)
        if self._dtype.kind == "b":
            return bool(self)
        return Ratio(1.0, ("data",), self._recorder, unknown=True)

    def tolist(self) -> Any:
        dims = self.dims()
        if not dims:
            return self.item()
        items = [one.tolist() for one in self]
        return items if isinstance(dims[0], int) else OpenList(items, self._recorder)

    def __bool__(self) -> bool:
        if self.dims() and self.size != 1:
            raise ValueError("The truth value of an array with more than one element is ambiguous")
        spared = sparing(self._recorder.filter)
        answer = self._recorder.ending(spared if spared is not None else False)
        self._recorder.assume("the truth of a tensor's values", str(answer).lower())
        return answer

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._dtype.kind not in "iu" or self.dims():
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        self._recorder.assume("a number out of a tensor", "some number")
        return 1

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(float(self.item()))

    def __repr__(self) -> str:
        self._recorder.blind += 1
        return f"array(..., shape={self.shape})"

    def __format__(self, spec: str) -> str:
        return repr(self) if self.dims() else format(self.item(), spec)

    def __reduce__(self) -> Any:
        raise TypeError("the numbers of this array are not known")

    def __deepcopy__(self, memo: Any) -> Array:
        return self

    __copy__ = __deepcopy__


def lost_array(*tensors: Any) -> Any:
    """Stands in the graph for what NumPy makes of tensors.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("what NumPy computes is not recorded")


def _numbers(dtype: Any, filling: int) -> Any:
    """The first numbers of a filling: all the same, or of both signs and many sizes."""
    places: Any = np.arange(14) + filling
    if dtype.kind in "iu":  # small ones, for they may be indices
        numbers = (places - 1) % 2 if filling else places * 0
    elif dtype.kind == "b":
        numbers = places % 2 == 1 if filling else places >= 0
    else:
        signs = 1 - places % 3  # zero is one of them
        numbers = signs * 10.0 ** (places % 7 - 3) if filling else places * 0 + 1
    return numbers.astype(dtype)


def _method(name: str) -> Callable[..., Any]:
    return lambda array, *args, **kwargs: getattr(array, name)(*args, **kwargs)


def _each(recorder: Recorder, call: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What `call` makes of each filling.

    Raises:
        Exception: NumPy refuses all of them.
    """
    results, refusals = [], []
    for filling in _FILLINGS:
        given = _filled((args, kwargs), filling)
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                results.append(call(*given[0], **given[1]))
        except Exception as exc:
            refusals.append(exc)
    if not results:
        raise refusals[0]
    results += results[:1] * (len(_FILLINGS) - len(results))
    return _joined(recorder, results, _origins((args, kwargs)), bool(refusals) or _doubts(args))


def _filled(value: Any, filling: int) -> Any:
    if type(value) is Array:
        return value.filled(filling)
    if _is_unknown_size(value):
        return int.__pos__(value) + filling
    if isinstance(value, (list, tuple)):
        items = [_filled(item, filling) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, dict):
        return {key: _filled(item, filling) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(_filled(part, filling) for part in (value.start, value.stop, value.step)))
    return value


def _is_unknown_size(value: Any) -> bool:
    return type(value) is Size and isinstance(value.dim, Unknown)


def arrays_in(value: Any) -> list[Array]:
    """All that stand for arrays in nested containers."""
    if type(value) is Array:
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    elif isinstance(value, slice):
        value = [value.start, value.stop, value.step]
    if not isinstance(value, (list, tuple)):
        return []
    return [array for item in value for array in arrays_in(item)]


def _origins(value: Any) -> tuple[Value, ...]:
    return tuple(dict.fromkeys(one for array in arrays_in(value) for one in array._origins))


def _doubts(value: Any) -> bool:
    return any(array._doubtful for array in arrays_in(value))


def _joined(recorder: Recorder, results: list[Any], origins: Any, doubtful: bool) -> Any:
    """What is the same of the results; of several arrays, one that stands for them all."""
    first = results[0]
    if isinstance(first, (bool, float)) or (isinstance(first, int) and len(set(results)) > 1):
        results = [np.asarray(result) for result in results]
        first = results[0]
    if isinstance(first, (np.ndarray, np.generic)):
        shapes = tuple(result.shape for result in results)
        return Array(recorder, shapes, first.dtype, origins, doubtful)
    if isinstance(first, (list, tuple)):
        count = min(map(len, results))
        if doubtful or any(len(result) != count for result in results):
            recorder.goes_over(count)
        items = [
            _joined(recorder, [result[i] for result in results], origins, doubtful)
            for i in range(count)
        ]
        return tuple.__new__(type(first), items) if isinstance(first, tuple) else items
    return first


def tensors_for_arrays(value: Any) -> Any:
    """Arguments of a function of torch's: tensors for what stands for arrays."""
    if type(value) is Array:
        return value.tensor()
    if isinstance(value, (list, tuple)) and arrays_in(value):
        items = [tensors_for_arrays(item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, dict):
        return {key: tensors_for_arrays(item) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*map(tensors_for_arrays, (value.start, value.stop, value.step)))
    return value


def making(recorder: Recorder, before: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes an array, for arguments that NumPy does not look into."""

    def run(*args: Any, **kwargs: Any) -> Any:
        left = vars(np).get(before.__name__) is not run  # someone has kept it from a trace
        if left or recorder.is_foreign():
            return before(*args, **kwargs)
        args = tuple(_unlocked(recorder, arg) for arg in args)
        own = recorder.has_arrays and recorder.filter.is_own(sys._getframe(1).f_code)
        sizes = [n for arg in args for n in (arg if isinstance(arg, (list, tuple)) else [arg])]
        sized = any(map(_is_unknown_size, sizes))
        if own or sized or arrays_in((args, kwargs)):  # a new one may be written into
            recorder.has_arrays = True
            return _each(recorder, before, args, kwargs)
        return before(*args, **kwargs)

    return run


def _unlocked(recorder: Recorder, value: Any) -> Any:
    """An array for a tensor without data."""
    if not isinstance(value, torch.Tensor):
        return value
    with torch._C.DisableTorchFunction():
        known = recorder.value(value)
        array = None if known.concrete else array_of(recorder, known)
    return value if array is None else array
