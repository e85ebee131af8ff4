"""Indexing: `x[...]` with numbers, slices, None, Ellipsis, masks and index tensors.

Formula: https://docs.pytorch.org/docs/stable/notes/broadcasting.html and
https://numpy.org/doc/stable/user/basics.indexing.html, which torch follows.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

import torch

from convlint.arithmetic.broadcast import broadcast, clashes
from convlint.arithmetic.strides import named
from convlint.dims import Dim, Shape, Unknown, guess, known
from convlint.shapes.axes import whole
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec

MASKS: Final = (torch.bool, torch.uint8)
_INDICES: Final = (torch.int64, torch.int32, *MASKS)


class Selection:
    """What is left of a tensor while its indices are applied, one after the other."""

    def __init__(self, input: TensorSpec) -> None:
        assert input.shape is not None
        self.given = input.shape
        self.shape: list[Dim] = []
        own = input.element_strides()
        self.own = own
        self.strides: list[Dim] | None = None if own is None else []
        self.place = 0
        """The next axis of the tensor that is indexed."""
        self.tensors: list[tuple[int, Shape]] = []
        """Of every index tensor, the axis of the result it stands at, and its shape."""
        self.masked = False
        self.stepped = False
        """Whether a slice passes over elements."""

    def keep(self, n: Dim, factor: Dim = 1) -> None:
        """The next axis stays, with `n` of its elements."""
        self.stepped = self.stepped or not (isinstance(factor, int) and factor == 1)
        self.shape.append(n)
        if self.strides is not None and self.own is not None:
            self.strides.append(self.own[self.place] * factor)
        self.place += 1

    def insert(self) -> None:
        """A new axis of size one."""
        if self.strides is not None and self.own is not None:
            at = self.place
            more = at < len(self.given)
            self.strides.append(self.given[at] * self.own[at] if more else 1)
        self.shape.append(1)

    def index(self, shape: Shape) -> None:
        """An index tensor of this shape takes the next axis."""
        self.tensors.append((len(self.shape), shape))
        self.keep(self.given[self.place])


def indices(index: Any) -> tuple[Any, ...]:
    """The single indices in the brackets."""
    if isinstance(index, tuple):
        return index
    if isinstance(index, list) and len(index) < 32:
        nested = (list, tuple, slice, TensorSpec, type(None), type(Ellipsis))
        if any(isinstance(item, nested) for item in index):
            return tuple(index)
    return (index,)


def consumed(item: Any) -> int:
    """How many axes of the tensor one index takes."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, TensorSpec) and item.dtype in MASKS:
        return 0 if item.shape is None else len(item.shape)
    return 1


def length(n: Dim, start: Any, stop: Any, step: Any) -> Dim:
    """How many elements a slice takes of `n`."""
    by = 1 if step is None else whole(step)
    if by == 0:
        raise Rejected("slice step cannot be zero")
    if by < 0:
        raise Rejected("step must be greater than zero")
    first = 0 if start is None else bound(start)
    last = None if stop is None else bound(stop)
    if first == 0 and by == 1 and (last is None or isinstance(last, Unknown)):
        return n if last is None else last
    if known(n, first, n if last is None else last):
        size, low = guess(n), guess(first)
        high = size if last is None else guess(last)
        low = min(max(low + size if low < 0 else low, 0), size)
        high = min(max(high + size if high < 0 else high, 0), size)
        return max(0, -((low - high) // by))
    if last is None and first > 0:
        return Unknown(max(0, -((guess(first) - guess(n)) // by)))
    return Unknown(max(0, guess(n)))


def bound(value: Any) -> Dim:
    """The number at an end of a slice; one that lies in a tensor is not known."""
    if isinstance(value, TensorSpec):
        return Unknown()
    return value if isinstance(value, (int, Unknown)) else whole(value)


def taken(input: TensorSpec, index: Any) -> tuple[Selection, TensorSpec]:
    """What `input[index]` gives.

    Raises:
        Rejected: indices that fit no tensor of this rank.
    """
    assert input.shape is not None
    items = indices(index)
    took = [consumed(item) for item in items]
    if sum(took) > len(input.shape):
        raise Rejected(f"too many indices for tensor of dimension {len(input.shape)}")
    selection = Selection(input)
    rest = len(input.shape) - sum(took)
    dots = 0
    for item in items:
        if item is Ellipsis:
            dots += 1
            for _ in range(rest if dots == 1 else 0):
                selection.keep(input.shape[selection.place])
        elif dots > 1 and rest > 0 and item != slice(None):  # torch skips as many axes again
            raise Rejected("Dimension out of range: an index after a second Ellipsis")
        else:
            _apply(selection, item)
    while selection.place < len(input.shape):
        selection.keep(input.shape[selection.place])
    return selection, _result(input, selection)


def _apply(selection: Selection, item: Any) -> None:
    if item is None:
        selection.insert()
    elif isinstance(item, bool):
        selection.tensors.append((len(selection.shape), (int(item),)))
        selection.insert()
    elif isinstance(item, slice):
        n = selection.given[selection.place]
        step = 1 if item.step is None else whole(item.step)
        selection.keep(length(n, item.start, item.stop, item.step), step)
    elif isinstance(item, TensorSpec):
        _apply_tensor(selection, item)
    elif isinstance(item, (list, tuple, range)):
        shape = nested_shape(list(item))
        if _holds_bools(item):
            _apply_tensor(selection, TensorSpec(shape, torch.bool))
        else:
            selection.index(shape)
    elif isinstance(item, (int, Unknown)) or hasattr(item, "__index__"):
        selection.place += 1
    else:
        raise Rejected(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are"
            f" valid indices (got {type(item).__name__})"
        )


def _apply_tensor(selection: Selection, item: TensorSpec) -> None:
    number = item.shape == () and item.dtype is not None and not _real(item.dtype)
    if item.dtype is not None and item.dtype not in _INDICES and not number:
        raise Rejected("tensors used as indices must be long, int, byte or bool tensors")
    if item.shape is None:
        selection.index((Unknown(),))
        return
    if item.dtype in MASKS:
        if not item.shape:
            selection.tensors.append((len(selection.shape), (Unknown(),)))
            selection.insert()
            return
        count = Unknown()
        for at, n in enumerate(item.shape):
            if n != selection.given[selection.place]:
                raise Rejected(
                    f"The shape of the mask {list(item.shape)} at index {at} does not match the"
                    f" shape of the indexed tensor {list(selection.given)} at index"
                    f" {selection.place}"
                )
            selection.index((count,))
        selection.masked = True
    elif item.shape:
        selection.index(item.shape)
    else:
        selection.place += 1


def _real(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point or dtype.is_complex


def nested_shape(item: Any) -> Shape:
    """The shape of nested lists."""
    shape: list[Dim] = []
    while isinstance(item, (list, tuple, range)):
        shape.append(len(item))
        if not len(item):
            break
        item = item[0]
    if isinstance(item, TensorSpec):
        return (*shape, *(item.shape or ()))
    return tuple(shape)


def _holds_bools(item: Any) -> bool:
    while isinstance(item, (list, tuple)) and item:
        item = item[0]
    return isinstance(item, bool)


def _result(input: TensorSpec, selection: Selection) -> TensorSpec:
    shape, strides = selection.shape, selection.strides
    if not selection.tensors:
        return TensorSpec(tuple(shape), input.dtype, named(shape, strides))
    common: Shape = ()
    for _, other in selection.tensors:
        if clashes(common, other):
            shapes = ", ".join(str(list(s)) for _, s in selection.tensors)
            raise Rejected(
                "shape mismatch: indexing tensors could not be broadcast together with shapes"
                f" {shapes}"
            )
        common = broadcast(common, other)
    places = [place for place, _ in selection.tensors]
    adjacent = places == list(range(places[0], places[0] + len(places)))
    at = places[0] if adjacent else 0
    left = [i for i in range(len(shape)) if i not in places]
    before = sum(1 for i in left if i < at) if adjacent else 0
    sizes = [shape[i] for i in left]
    made = (*sizes[:before], *common, *sizes[before:])
    steps = None if strides is None else [strides[i] for i in left]
    return TensorSpec(made, input.dtype, _copied(input, sizes, steps, selection.stepped))


def _copied(
    input: TensorSpec, sizes: Sequence[Dim], steps: Sequence[Dim] | None, stepped: bool
) -> Strides:
    """The layout of what index tensors pick: the order in memory of the axes that stay."""
    if input.strides == CONTIGUOUS and not stepped:
        return CONTIGUOUS
    if steps is None or not known(*sizes, *steps):
        return None
    pairs = itertools.pairwise(zip(steps, sizes, strict=True))
    falling = all(a > b or (a == b and inner == 1) for (a, _), (b, inner) in pairs)
    return CONTIGUOUS if falling and all(s > 0 for s in steps) else None


@operator("Tensor.__getitem__", name="getitem", only=True)
def getitem(input: TensorSpec, index: Any) -> TensorSpec:
    if input.shape is None:
        return input.with_shape(None, None)
    made = taken(input, index)[1]
    return input.with_shape(None, None) if _has_unknown_rank(index) else made


def _has_unknown_rank(index: Any) -> bool:
    """Whether an index is a tensor of which not even the rank is known: so is what it picks."""
    return any(isinstance(item, TensorSpec) and item.shape is None for item in indices(index))


@operator("Tensor.__setitem__", name="setitem", only=True)
def setitem(input: TensorSpec, index: Any, value: Any) -> TensorSpec:
    if input.shape is None or _has_unknown_rank(index):
        return input
    if isinstance(value, (list, tuple, str)):
        raise Rejected(f"can't assign a {type(value).__name__} to a tensor")
    if isinstance(value, complex) and input.dtype is not None and not input.dtype.is_complex:
        raise Rejected("value cannot be converted to the tensor's dtype without overflow")
    selection, target = taken(input, index)
    if isinstance(value, TensorSpec):
        _check_shape(target, value)
        _check_dtype(input, selection, value)
    return input


def _check_shape(target: TensorSpec, value: TensorSpec) -> None:
    """What is assigned must broadcast to the place; ones in front of it are passed over."""
    if target.shape is None or value.shape is None:
        return
    given = list(value.shape)
    while len(given) > len(target.shape) and isinstance(given[0], int) and given[0] == 1:
        given.pop(0)
    pairs = zip(reversed(given), reversed(target.shape), strict=False)
    if len(given) > len(target.shape) or any(v != 1 and v != t for v, t in pairs):
        raise Rejected(
            f"shape mismatch: value tensor of shape {value} cannot be broadcast to indexing result"
            f" of shape {target}"
        )


def _check_dtype(input: TensorSpec, selection: Selection, value: TensorSpec) -> None:
    """Index tensors put, and a put converts nothing; all else copies, and a copy converts."""
    alone = selection.masked and len({shape for _, shape in selection.tensors}) == 1
    if not selection.tensors or (alone and value.shape == ()):
        return
    if input.dtype is not None and value.dtype is not None and input.dtype != value.dtype:
        raise Rejected(
            "Index put requires the source and destination dtypes match, got"
            f" {input.dtype} for the destination and {value.dtype} for the source."
        )
