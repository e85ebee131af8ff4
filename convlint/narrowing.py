"""For which sizes a network works, as it is kept; and which of these have been lost since."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from convlint.conclusion import conditions, grouped, where
from convlint.extent import Block, Extent, Loss, Narrowing, Side, ranges, sizes_in
from convlint.sweep import Answer, Failure
from convlint.sweep.grid import Numbers
from convlint.sweep.sets import blocks, project
from convlint.symbol import assigned

_BOXES: Final = 24
"""More of them are not read by anybody."""

_COMPARED: Final = 1 << 25
"""How many combinations are compared; beyond that, only those that both have followed."""


def extent_of(answer: Answer, inputs: Sequence[str], dims: Sequence[str]) -> Extent:
    """What is kept of an answer."""
    periods = answer.periods if answer.proven else (0,) * len(answer.grid.axes)
    return Extent(
        tuple(inputs),
        tuple(dims),
        answer.proven,
        tuple(one.text for one in conditions(answer, answer.valid)),
        tuple(
            Side(axis.letter, ranges(axis.sizes), axis.is_open, period if axis.is_open else 0)
            for axis, period in zip(answer.grid.axes, periods, strict=True)
        ),
        tuple(_blocks(answer)),
    )


def _blocks(answer: Answer) -> Iterator[Block]:
    axes = answer.grid.axes
    for letters in blocks(answer.valid):
        names = tuple(axes[i].letter for i in letters)
        sizes = [axes[i].sizes for i in letters]
        mask = np.squeeze(
            project(answer.valid, letters),
            axis=tuple(i for i in range(len(axes)) if i not in letters),
        )
        boxes = tuple(_boxes(mask, sizes)) or (((),) * len(names),)
        if len(boxes) <= _BOXES:
            yield Block(names, boxes)
        else:
            packed = zlib.compress(np.packbits(mask).tobytes(), 9)
            yield Block(names, packed=base64.b64encode(packed).decode("ascii"))


def _boxes(
    mask: Numbers, sizes: Sequence[Sequence[int]]
) -> Iterator[tuple[tuple[tuple[int, int, int], ...], ...]]:
    """Disjoint boxes: sizes of the first letter that have the same partners are in one."""
    if mask.ndim == 1:
        if mask.any():
            yield (ranges([n for n, is_in in zip(sizes[0], mask, strict=True) if is_in]),)
        return
    alike: dict[bytes, list[int]] = {}
    for i, row in enumerate(mask):
        if row.any():
            alike.setdefault(row.tobytes(), []).append(i)
    for places in alike.values():
        own = ranges([sizes[0][i] for i in places])
        for box in _boxes(mask[places[0]], sizes[1:]):
            yield (own, *box)


# -- what is lost


def narrowing(answer: Answer, before: Extent) -> Narrowing | None:
    """The sizes that worked, and certainly fail now; None where there are none."""
    grid = answer.grid
    now = tuple(one.text for one in conditions(answer, answer.valid))
    told = tuple(one for one in before.works if one not in now)
    new = tuple(one for one in now if one not in before.works)
    if tuple(side.letter for side in before.sides) != grid.letters:
        letters = ", ".join(side.letter for side in before.sides)
        own = ", ".join(grid.letters)
        return Narrowing(told, new, misfit=f"it is about {letters}, and its inputs about {own}")
    sizes, old, current = _common(answer, before)
    worked = _worked(before, old)
    losses = []
    for failure, mask in grouped(answer):
        gone = worked & _at(mask, current)
        if gone.any():
            losses.append((int(gone.sum()), _loss(answer, failure, gone, sizes, current)))
    if not losses:
        if (worked & _at(answer.unseen, current)).any():
            return Narrowing(told, new, unseen="; ".join(answer.reasons))
        return None
    losses.sort(key=lambda one: -one[0])
    gains = bool((_at(answer.valid, current) & ~worked).any())
    return Narrowing(told or before.works, new or now, tuple(one for _, one in losses), gains)


def _loss(
    answer: Answer,
    first: Failure,
    gone: Numbers,
    sizes: Sequence[Sequence[int]],
    current: Sequence[Sequence[int]],
) -> Loss:
    """What is lost at one layer, with the failure there that has most to do with it."""
    same = [
        one
        for one in answer.failures
        if (one.layer, one.diagnostic.code) == (first.layer, first.diagnostic.code)
    ]
    failure = max(same, key=lambda one: int((gone & _at(answer.failing(one), current)).sum()))
    smallest = np.argwhere(gone)[0]
    letters = answer.grid.letters
    example = {x: line[i] for x, line, i in zip(letters, sizes, smallest, strict=True)}
    return Loss(
        _words(answer, gone, sizes),
        assigned(example),
        assigned(answer.grid.at(failure.place)),
        failure.diagnostic,
    )


def _common(
    answer: Answer, before: Extent
) -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
    """The sizes of every letter of which both know, and where each of the two has them."""
    own = [
        Side(axis.letter, ranges(axis.sizes), axis.is_open, period if answer.proven else 0)
        for axis, period in zip(answer.grid.axes, answer.periods, strict=True)
    ]
    for further in (True, False):
        sizes, old, current = [], [], []
        for side, other in zip(before.sides, own, strict=True):
            one, two = _Places(side, further), _Places(other, further)
            every = sorted({*one.sizes, *two.sizes})
            pairs = [(n, one.of(n), two.of(n)) for n in every]
            rows = [(n, i, j) for n, i, j in pairs if i is not None and j is not None]
            sizes.append([n for n, _, _ in rows])
            old.append([i for _, i, _ in rows])
            current.append([j for _, _, j in rows])
        if np.prod([len(line) for line in sizes], dtype=float) <= _COMPARED:
            break
    return sizes, old, current


class _Places:
    """Where the sizes of a side are, also of those beyond it, by its period."""

    def __init__(self, side: Side, further: bool) -> None:
        self.sizes = sizes_in(side.sizes)
        self._places = {n: i for i, n in enumerate(self.sizes)}
        self._period = side.period if side.is_open and further else 0
        self._step = self.sizes[1] - self.sizes[0] if len(self.sizes) > 1 else 1

    def of(self, size: int) -> int | None:
        """The place of a size, or of one that goes the same way; None where that is not known."""
        place = self._places.get(size)
        if place is not None or not self._period or size < self.sizes[-1]:
            return place
        steps, rest = divmod(size - self.sizes[0], self._step)
        if rest:
            return None
        steps -= -(-(steps - len(self.sizes) + 1) // self._period) * self._period
        return steps if steps >= 0 else None


def _at(mask: Numbers, places: Sequence[Sequence[int]]) -> Numbers:
    found: Numbers = mask[np.ix_(*places)]
    return found


def _worked(before: Extent, places: Sequence[Sequence[int]]) -> Numbers:
    """For which combinations it worked."""
    letters = [side.letter for side in before.sides]
    every = [sizes_in(side.sizes) for side in before.sides]
    found: Numbers = np.ones([len(line) for line in places], dtype=bool)
    for block in before.blocks:
        own = [letters.index(letter) for letter in block.letters]
        holds = _holds(block, [every[i] for i in own])[np.ix_(*(places[i] for i in own))]
        shape = [len(places[i]) if i in own else 1 for i in range(len(letters))]
        found = found & holds.reshape(shape)
    return found


def _holds(block: Block, sizes: Sequence[Sequence[int]]) -> Numbers:
    shape = tuple(map(len, sizes))
    if block.packed:
        bits = np.frombuffer(zlib.decompress(base64.b64decode(block.packed)), dtype=np.uint8)
        return np.unpackbits(bits, count=int(np.prod(shape))).astype(bool).reshape(shape)
    found: Numbers = np.zeros(shape, dtype=bool)
    for box in block.boxes:
        lines = [np.isin(every, sizes_in(own)) for every, own in zip(sizes, box, strict=True)]
        found[np.ix_(*lines)] = True
    return found


def _words(answer: Answer, gone: Numbers, sizes: Sequence[Sequence[int]]) -> str:
    """Which sizes are lost, of those that were followed now."""
    mask: Numbers = np.zeros(answer.grid.shape, dtype=bool)
    own, theirs = [], []
    for axis, line in zip(answer.grid.axes, sizes, strict=True):
        _, here, there = np.intersect1d(axis.sizes, line, return_indices=True)
        own.append(here)
        theirs.append(there)
    mask[np.ix_(*own)] = gone[np.ix_(*theirs)]
    return where(answer, mask) if mask.any() else "larger sizes than were followed"
