"""Axes that go, come and change places."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from convlint.advice.reach import LOST, Origin, Reach, plain
from convlint.advice.receptive.follower import Reaches, follows, lost, reach
from convlint.advice.receptive.joining import joined
from convlint.advice.receptive.step import shared
from convlint.arithmetic.field import Field, shifted
from convlint.dims import Dim, known
from convlint.network import Layer
from convlint.tensor import TensorSpec


@follows("getitem")
def _indexed(layer: Layer, found: Reaches) -> Reach | None:
    before, index = reach(layer.args["input"], found), layer.args["index"]
    if before is None:
        return None
    items = index if type(index) is tuple else (index,)
    if not all(i is None or i is Ellipsis or isinstance(i, (int, slice)) for i in items):
        return lost(layer)
    image = layer.args["input"]
    used = sum(i is not None and i is not Ellipsis for i in items)
    fields: list[Field | None] = []
    origins: list[Origin | None] = []
    at, mixed = 0, before.mixed
    for item in (*items, *(() if Ellipsis in items else (Ellipsis,))):
        if item is None:
            fields.append(None)
            origins.append(None)
        elif item is Ellipsis:
            stop = at + len(before.fields) - used
            fields += before.fields[at:stop]
            origins += before.origins[at:stop]
            at = stop
        else:
            if isinstance(item, slice):
                fields.append(_sliced(before.fields[at], item, image.shape[at]))
                origins.append(before.origins[at])
            else:
                mixed = mixed or before.fields[at] is LOST
            at += 1
    return Reach(tuple(fields), tuple(origins), mixed)


def _sliced(field: Field | None, item: slice, size: Dim) -> Field | None:
    if field is None or field is LOST or item == slice(None):
        return field
    numbers = (item.start, item.stop, item.step)
    if not isinstance(size, int) or not all(n is None or isinstance(n, int) for n in numbers):
        return LOST
    start, _, step = item.indices(size)
    return LOST if step < 1 else field.after(shared(shifted, start, step))


@follows(
    "mean", "sum", "amax", "amin", "std", "var", "logsumexp", "max", "min", "median", "prod", "norm"
)
def _reduced(layer: Layer, found: Reaches) -> Reach | None:
    before, args = reach(layer.args["input"], found), layer.args
    if before is None:
        return None
    if type(args.get("other")) is TensorSpec:  # torch.max(x, y)
        return joined(layer, found)
    rank, dim = len(before.fields), args["dim"]
    dims = tuple(range(rank)) if dim is None else dim if type(dim) in (tuple, list) else (dim,)
    if not all(type(d) is int and -rank <= d < rank for d in dims):
        return lost(layer)
    gone = {d % rank for d in dims} or set(range(rank))
    shape = args["input"].shape
    pooled = before.pooled(sorted(gone), [shape[d] for d in sorted(gone)])
    if args.get("keepdim"):
        return pooled
    return pooled.picked([axis for axis in range(rank) if axis not in gone])


@follows("permute", "transpose", "swapaxes", "swapdims")
def _ordered(layer: Layer, found: Reaches) -> Reach | None:
    before, args = reach(layer.args["input"], found), layer.args
    if before is None:
        return None
    rank = len(before.fields)
    order = list(range(rank))
    if layer.op == "permute":
        given = args["dims"] if type(args["dims"]) in (tuple, list) else (args["dims"],)
        order = [d % rank for d in given if type(d) is int]
    else:
        one, other = (d for name, d in args.items() if name != "input")
        if type(one) is not int or type(other) is not int or max(one, other) >= rank:
            return None
        order[one % rank], order[other % rank] = order[other % rank], order[one % rank]
    return before.picked(order)


@follows("flatten", "view", "reshape", "unflatten", "squeeze", "unsqueeze", "view_as")
def _reshaped(layer: Layer, found: Reaches) -> Reach | None:
    before, image, output = reach(layer.args["input"], found), layer.args["input"], layer.output
    if before is None or type(output) is not TensorSpec or output.shape is None:
        return None
    if image.shape == output.shape:
        return before
    if not before.spatial:
        return plain(len(output.shape), before.mixed)
    if not known(*image.shape, *output.shape) or len(before.fields) != len(image.shape):
        return lost(layer)
    fields: list[Field | None] = [None] * len(output.shape)
    origins: list[Origin | None] = [None] * len(output.shape)
    for olds, news in _groups(image.shape, output.shape):
        held = [at for at in olds if before.fields[at] is not None]
        if len(olds) == len(news) == 1:
            fields[news[0]], origins[news[0]] = before.fields[olds[0]], before.origins[olds[0]]
        elif held:
            for new in news:
                fields[new], origins[new] = LOST, before.origins[held[0]]
    return Reach(tuple(fields), tuple(origins), before.mixed)


@functools.lru_cache(maxsize=512)
def _groups(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[tuple[list[int], list[int]], ...]:
    """Which axes of `old` make up which of `new`; those of one position stand alone."""
    groups: list[tuple[list[int], list[int]]] = []
    olds, news = list(_long(old)), list(_long(new))
    i = j = 0
    while i < len(olds) and j < len(news):
        left, right = [olds[i]], [news[j]]
        a, b = old[olds[i]], new[news[j]]
        while a != b:
            if a < b and i + 1 < len(olds):
                i += 1
                left.append(olds[i])
                a *= old[olds[i]]
            elif j + 1 < len(news):
                j += 1
                right.append(news[j])
                b *= new[news[j]]
            else:
                break
        groups.append((left, right))
        i, j = i + 1, j + 1
    if old == (1,) * len(old) or len(old) == len(new):
        ones = [at for at in range(len(old)) if old[at] == 1]
        groups += [([at], [at]) for at in ones if at < len(new) and new[at] == 1]
    return tuple(groups)


def _long(shape: tuple[int, ...]) -> Iterator[int]:
    return (at for at, n in enumerate(shape) if n != 1)


@follows("expand", "expand_as", "broadcast_to")
def _expanded(layer: Layer, found: Reaches) -> Reach | None:
    before, image, output = reach(layer.args["input"], found), layer.args["input"], layer.output
    if before is None or output.shape is None or len(output.shape) < len(before.fields):
        return None
    return before.spread(image.shape, output.shape)
