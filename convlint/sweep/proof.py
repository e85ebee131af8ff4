"""Whether what holds on the grid goes on beyond it, for all larger sizes of open letters.

Every size is made of letters by + − · and floor division by numbers.  Such a function has a
period P for each letter: at n, n + P, n + 2P, ... it is a polynomial of some degree e.  So is the
difference D of the two sides of a comparison.  Newton: beyond the last period of the grid, D is
its value there plus binomial coefficients times its differences Δ over the last e + 1 periods.
Where all of these have D's own sign, or are zero, D keeps its sign for ever, and the comparison
its answer.  Let L be a period of all comparisons that candidates of the last L came to.  If each
of these keeps its answer, which it has had for the last L, a larger size goes the way of the one
that is some L before it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from convlint.sweep.grid import Grid, Numbers
from convlint.sweep.node import Linear, Quasi, difference, quasi_of
from convlint.sweep.region import Region, spread
from convlint.sweep.walk import Question, Walk


def needed(walk: Walk, recurring: Recurring) -> tuple[int, ...]:
    """How many sizes of each letter to follow for a proof, as far as that can be told.

    For letters that have not settled these are more than there are: twice as many, and some
    periods of the comparisons that have not.
    """
    counts = [len(axis.sizes) for axis in walk.grid.axes]
    letters = walk.grid.letters
    questions, last = recurring
    for question in questions:
        quasi = _quasi(question, len(counts))
        if quasi is None:
            continue
        for names in _unsteady(question, quasi, walk.grid, last):
            for i in (letters.index(name) for name in names.split(" and ")):
                enough = 4 * max(quasi.periods[i], last[i]) * (quasi.degrees[i] + 1)
                counts[i] = max(counts[i], 2 * len(walk.grid.axes[i].sizes), enough)
    return tuple(counts)


def periods(recurring: Recurring) -> tuple[int, ...]:
    """After how many indices of every letter all comparisons come again; 0 if that is not known."""
    questions, found = recurring
    if any(_quasi(question, len(found)) is None for question in questions):
        return (0,) * len(found)
    return found


class Recurring(NamedTuple):
    """The comparisons that larger sizes come to as well, and the period of all of them."""

    questions: list[Question]
    periods: tuple[int, ...]


class Doubt(NamedTuple):
    """Why the pattern need not go on; `is_short` where a larger grid may show that it does."""

    text: str
    is_short: bool = True


def doubts(walk: Walk, recurring: Recurring) -> Iterator[Doubt]:
    """Why the pattern need not go on beyond the grid; nothing where it does for certain."""
    grid = walk.grid
    if not any(axis.is_open for axis in grid.axes):
        return
    questions, last = recurring
    if any(_is_late(region, last, grid) for region in walk.opaque):
        yield Doubt("a size is computed with floating point numbers", is_short=False)
        return
    told = set()
    for question in questions:
        quasi = _quasi(question, len(grid.axes))
        if quasi is None:
            if "irregular" not in told:
                told.add("irregular")
                yield Doubt("a size is computed in a way whose period is not known", is_short=False)
            continue
        for letters in _unsteady(question, quasi, grid, last):
            if letters not in told:
                told.add(letters)
                yield Doubt(f"{letters} was not followed far enough")
    for case in walk.nodes.cases:
        late = [mask for mask in case.sides if _is_late(Region(grid.shape).where(mask), last, grid)]
        quasi = walk.nodes.cases_quasi(case)
        if late and (quasi is None or not all(_is_settled(m, quasi, grid, last) for m in late)):
            yield Doubt("what was put together of several cases has not settled", quasi is not None)
            return


def recurring(walk: Walk) -> Recurring:
    """The comparisons that larger sizes come to as well, and the period of all of them.

    These are those that candidates of the last such period come to, along any open letter: what
    only H = 224 comes to says nothing of what is beyond the grid.
    """
    grid = walk.grid
    last = [1] * len(grid.axes)
    found: list[Question] = []
    pending = list(walk.questions.values())
    while True:
        late = {id(q.region): _is_late(q.region, last, grid) for q in pending}
        new = [q for q in pending if late[id(q.region)]]
        if not new:
            return Recurring(found, tuple(last))
        found += new
        pending = [q for q in pending if not late[id(q.region)]]
        for question in new:
            quasi = _quasi(question, len(last))
            if quasi is not None:
                last = [math.lcm(a, b) for a, b in zip(last, quasi.periods, strict=True)]


def _is_late(region: Region, last: Sequence[int], grid: Grid) -> bool:
    """Whether some candidates may be in the last indices of an open letter."""
    return any(axis.is_open and _reaches(region, (i,), last) for i, axis in enumerate(grid.axes))


def _reaches(region: Region, letters: Sequence[int], last: Sequence[int]) -> bool:
    """Whether some candidates may be in the last indices of all of these letters."""
    return all(bool(mask[_end(mask, letters, last)].any()) for mask in region.masks.values())


def _quasi(question: Question, count: int) -> Quasi | None:
    return difference(quasi_of(question.left, count), quasi_of(question.right, count))


def _sides(question: Question) -> Numbers:
    right = question.right
    return question.left.array() - (right.array() if isinstance(right, Linear) else right)


def _unsteady(question: Question, quasi: Quasi, grid: Grid, last: tuple[int, ...]) -> Iterator[str]:
    """The letters along which a comparison may be answered otherwise beyond the grid."""
    values = _sides(question)
    moving = [i for i in spread(values) if grid.axes[i].is_open]
    for letters in _subsets(moving):
        if not _reaches(question.region, letters, last):
            continue
        name = " and ".join(grid.axes[i].letter for i in letters)
        if not _fits(letters, quasi, grid, last):
            yield name
            return
        if not _is_steady(values, question.region, letters, quasi, last):
            yield name


def _subsets(items: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for size in range(1, len(items) + 1):
        yield from itertools.combinations(items, size)


def _fits(letters: Iterable[int], quasi: Quasi, grid: Grid, last: tuple[int, ...]) -> bool:
    """Whether the grid has the periods that the differences need."""
    return all(
        max(quasi.periods[i] * (quasi.degrees[i] + 1), last[i]) <= len(grid.axes[i].sizes)
        for i in letters
    )


def _is_steady(
    values: Numbers,
    region: Region,
    letters: tuple[int, ...],
    quasi: Quasi,
    last: tuple[int, ...],
) -> bool:
    """Whether the answer at the end of the grid is the one for ever.

    It is also the one that a candidate of the last of the `last` indices has, which is that many
    before some larger size, if all of them have one sign as far as they are whole periods apart.
    """
    here = values[_tail(values, letters, quasi, 0)]
    alive = region.project(spread(values))
    alive = np.broadcast_to(alive, np.broadcast_shapes(alive.shape, values.shape))
    sign = np.sign(here)
    earlier = _folded(np.sign(values), letters, quasi, last)
    asked = _folded(alive, letters, quasi, last)
    now = _folded(sign, letters, quasi, quasi.periods)
    if ((earlier != now) & asked).any():
        return False
    # from here on: whether any of those that are whole periods apart comes to it
    asked = np.asarray(asked.any(axis=tuple(range(0, 2 * values.ndim, 2))))
    if not asked.any():
        return True
    degrees = [range(quasi.degrees[i] + 1) for i in letters]
    for order in itertools.product(*degrees):
        if not any(order):
            continue
        step = _differences(values, letters, quasi, order)
        good = (np.sign(step) == sign) | (step == 0)
        if not (good | ~asked).all():
            return False
    return True


def _folded(values: Numbers, letters: Sequence[int], quasi: Quasi, last: Sequence[int]) -> Numbers:
    """The last indices of some letters, as whole periods: two axes for each one."""
    end = values[_end(values, letters, last)]
    shape: list[int] = []
    for i, count in enumerate(end.shape):
        period = quasi.periods[i] if i in letters and count > 1 else count
        shape += (count // period, period)
    return end.reshape(shape)


def _differences(
    values: Numbers, letters: tuple[int, ...], quasi: Quasi, order: tuple[int, ...]
) -> Numbers:
    """Newton's forward differences at the first of the last periods."""
    total: Numbers = np.zeros((), dtype=np.int64)
    for steps in itertools.product(*(range(n + 1) for n in order)):
        sign = (-1) ** (sum(order) - sum(steps))
        factor = math.prod(math.comb(n, k) for n, k in zip(order, steps, strict=True))
        back = [quasi.degrees[i] - k for i, k in zip(letters, steps, strict=True)]
        places = tuple(
            _slice(values.shape[i], quasi.periods[i], back[letters.index(i)])
            if i in letters
            else slice(None)
            for i in range(values.ndim)
        )
        total = total + sign * factor * values[places]
    return total


def _tail(values: Numbers, letters: tuple[int, ...], quasi: Quasi, back: int) -> tuple[slice, ...]:
    return tuple(
        _slice(values.shape[i], quasi.periods[i], back) if i in letters else slice(None)
        for i in range(values.ndim)
    )


def _end(values: Numbers, letters: Sequence[int], last: Sequence[int]) -> tuple[slice, ...]:
    """The last so many indices of some letters."""
    return tuple(
        slice(-last[i], None) if i in letters and n > 1 else slice(None)
        for i, n in enumerate(values.shape)
    )


def _slice(count: int, period: int, back: int) -> slice:
    """The last period of an axis, or the one so many before it."""
    if count == 1:
        return slice(None)
    end = count - back * period
    return slice(end - period, end)


def _is_settled(mask: Numbers, quasi: Quasi, grid: Grid, last: tuple[int, ...]) -> bool:
    """Whether the last periods of a mask are alike, along the open letters that it goes on for."""
    for i in spread(mask):
        if not grid.axes[i].is_open or not mask[_end(mask, (i,), last)].any():
            continue
        period = quasi.periods[i]
        needed = max(period * (quasi.degrees[i] + 1), math.lcm(last[i], period))
        if needed > mask.shape[i]:
            return False
        end = np.take(mask, range(mask.shape[i] - needed, mask.shape[i]), axis=i)
        one = np.take(end, range(needed - period, needed), axis=i)
        if not np.array_equal(end, np.concatenate([one] * (needed // period), axis=i)):
            return False
    return True
