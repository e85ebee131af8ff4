"""Which comments that tell a shape are certainly wrong.

A number in a comment is wrong where it contradicts the shape that comes out, and
* numbers in the code fix that side (`nn.Conv2d(64, 128, 3)` gives 128 channels), or
* other comments of the function are right about sides that depend on the input: then they were
  all written for this input, or
* the comment says that the line keeps the size, and no usual size of the input would make it true.
Otherwise it may have been written for another input, or another width of the network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from convlint.advice.comment import Comment, Passage
from convlint.advice.literal import is_literal
from convlint.advice.origin import origin
from convlint.advice.rescaling import usual_size
from convlint.arithmetic.notation import BATCH, Notation
from convlint.arithmetic.term import Term
from convlint.dims import Shape
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec


@dataclass(frozen=True, slots=True)
class Stale:
    """A wrong comment, what comes out instead, the layer that sets the first wrong side."""

    comment: Comment
    results: tuple[TensorSpec, ...]
    source: Layer | None
    corrected: str | None


@dataclass(frozen=True, slots=True)
class _Doubt:
    """The sides on which a comment differs from a tensor."""

    tensor: TensorSpec
    axes: Mapping[int, int]
    """By the place of the item, the side."""
    fixed: frozenset[int]
    """The places of those that numbers in the code fix."""


def stale(passage: Passage, network: Network) -> Iterator[Stale]:
    """The wrong comments of one function."""
    batch = _batch(network)
    right = [c for c in passage.comments if _is_right(c, batch)]
    doubts = [
        (comment, doubt)
        for comment in passage.comments
        if (doubt := _doubt(comment, batch, bool(right))) is not None
    ]
    confirmed = len(right) >= max(1, sum(len(d.fixed) < len(d.axes) for _, d in doubts))
    for comment, doubt in doubts:
        places = set(doubt.fixed)
        if confirmed or _keeps(comment, doubt, network):
            places |= set(doubt.axes)
        if places:
            first = min(places)
            yield Stale(
                comment,
                _distinct(comment.results),
                origin(doubt.tensor, doubt.axes[first]),
                _corrected(comment, doubt, places),
            )


def _batch(network: Network) -> frozenset[object]:
    """The sizes that a batch may have."""
    return frozenset(
        spec.shape[0]
        for layer in network.inputs
        if isinstance(spec := layer.output, TensorSpec) and spec.shape
    )


def _distinct(tensors: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    return tuple({str(t): t for t in tensors}.values())


def aligned(written: Notation, shape: Shape) -> tuple[int | None, ...] | None:
    """For every item the side it is about; None where that cannot be told.

    A batch that is left out is understood.
    """
    items, rank = written.items, len(shape)
    count, rest = len(items), written.rest
    if rest is not None:
        behind = count - rest - 1
        if rest + behind > rank or any(i.term.rest for i in items[rest + 1 :]):
            return None
        return (*range(rest), None, *range(rank - behind, rank))
    if count == rank:
        return tuple(range(rank))
    first = items[0].term
    if count == rank - 1 and (count > 2 or written.explicit):
        has_batch = first.text in BATCH or first.number in (1, shape[0])
        return None if has_batch else tuple(range(1, rank))
    return None


def _wrong(written: Notation, shape: Shape) -> dict[int, int] | None:
    """The sides on which a comment certainly differs, by the item's place.

    The batch is no side to differ on: a network takes any.
    """
    places = aligned(written, shape)
    if places is None:
        return None
    return {
        place: axis
        for place, axis in enumerate(places)
        if axis and (number := written.items[place].term.number) and shape[axis] != number
    }


def _is_true_of(written: Notation, tensor: TensorSpec) -> bool:
    """Whether a comment may be meant of a tensor, sides of 1 left out or not."""
    shape = tensor.shape
    if shape is None or _wrong(written, shape) == {}:
        return True
    terms = [item.term for item in written.items if item.term.number != 1]
    if any(term.rest for term in terms):
        return False
    sides = [side for side in shape[1:] if not (isinstance(side, int) and side == 1)]
    return any(_agree(terms, candidate) for candidate in (sides, [shape[0], *sides]))


def _agree(terms: Sequence[Term], sides: Sequence[object]) -> bool:
    return len(terms) == len(sides) and not any(
        place and (number := term.number) and side != number
        for place, (term, side) in enumerate(zip(terms, sides, strict=True))
    )


def _is_right(comment: Comment, batch: frozenset[object]) -> bool:
    """Whether a comment is right about a side that depends on what goes in."""
    for tensor in comment.results:
        shape, written = tensor.shape, comment.written
        if shape is None or _wrong(written, shape) != {}:
            continue
        for place, axis in enumerate(aligned(written, shape) or ()):
            number = written.items[place].term.number
            telling = axis and number and number > 1 and number not in batch
            if telling and axis and not is_literal(tensor, axis, comment.owner):
                return shape[axis] == number
    return False


def _doubt(comment: Comment, batch: frozenset[object], style: bool) -> _Doubt | None:
    """On what a comment differs from all that its line gives; None where it may be right.

    Args:
        style: whether comments of this function are known to tell what comes out.
    """
    if any(_is_true_of(comment.written, tensor) for tensor in comment.made):
        return None
    if not style and any(_is_true_of(comment.written, tensor) for tensor in comment.taken):
        return None  # it may tell what goes in
    found = [_of_tensor(comment, tensor, batch) for tensor in _distinct(comment.results)]
    doubts = [doubt for doubt in found if doubt is not None]
    if len(doubts) < len(found) or not doubts:
        return None
    last = doubts[-1]
    if len(doubts) > 1:  # in one run it may be this side that is wrong, in another that
        same = frozenset.intersection(*(doubt.fixed for doubt in doubts))
        return _Doubt(last.tensor, {p: a for p, a in last.axes.items() if p in same}, same)
    return last


def _of_tensor(comment: Comment, tensor: TensorSpec, batch: frozenset[object]) -> _Doubt | None:
    written, shape = comment.written, tensor.shape
    wrong = None if shape is None else _wrong(written, shape)
    if not wrong or shape is None or not _describes(written, shape):
        return None
    fixed = {p for p, axis in wrong.items() if is_literal(tensor, axis, comment.owner)}
    open_ = {p for p, axis in wrong.items() if p not in fixed and shape[axis] not in (*batch, 1)}
    axes = {place: axis for place, axis in wrong.items() if place in fixed | open_}
    return _Doubt(tensor, axes, frozenset(fixed)) if axes else None


def _describes(written: Notation, shape: Shape) -> bool:
    """Whether a comment is about this tensor's shape, and in this order."""
    places = aligned(written, shape) or ()
    numbers = Counter(
        number
        for place, axis in enumerate(places)
        if axis and (number := written.items[place].term.number)
    )
    if len(shape) > 3 or not written.explicit:  # channels last, written of a channels-first map
        if not numbers - Counter(side for side in shape[1:] if isinstance(side, int)):
            return False
        channels = shape[1]
        named = dict(zip(places, written.items, strict=True)).get(1)
        if channels in numbers and (named is None or named.term.number != channels):
            return False
    return written.explicit or any(
        (number := written.items[place].term.number) and number > 1 and shape[axis] == number
        for place, axis in enumerate(places)
        if axis
    )


def _keeps(comment: Comment, doubt: _Doubt, network: Network) -> bool:
    """Whether a comment says that its line keeps a size which it does not keep.

    Not where it would be true at another usual size of the input.
    """
    shape, layer = doubt.tensor.shape or (), doubt.tensor.source
    open_ = {p: axis for p, axis in doubt.axes.items() if p not in doubt.fixed}
    numbers = {axis: comment.written.items[p].term.number or 0 for p, axis in open_.items()}
    incoming = [t.shape for t in comment.taken if t.shape and len(t.shape) == len(shape)]
    if not numbers or layer is None:
        return False
    if not any(all(given[axis] == n for axis, n in numbers.items()) for given in incoming):
        return False
    axis, number = next(iter(numbers.items()))
    side = shape[axis]
    if not isinstance(side, int) or side < 1:
        return False
    return (
        usual_size(
            network, layer, number / side, lambda s: _wrong(comment.written, s) in ({}, None)
        )
        is None
    )


def _corrected(comment: Comment, doubt: _Doubt, places: set[int]) -> str | None:
    """The comment as it should be, where one shape comes out."""
    shape, text = doubt.tensor.shape or (), comment.text
    if len(_distinct(comment.results)) > 1:
        return None
    for place in sorted(places, reverse=True):
        item, side = comment.written.items[place], shape[doubt.axes[place]]
        if not isinstance(side, int):
            return None
        text = f"{text[: item.start]}{side}{text[item.end :]}"
    return text
