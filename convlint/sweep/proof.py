"""Whether what holds on the grid goes on beyond it, for all larger sizes of open letters.

Every size is made of letters by + − · and floor division by numbers.  Such a function has a
period P for each letter: at n, n + P, n + 2P, ... it is a polynomial of some degree e.  So is the
difference D of the two sides of a comparison.  Newton: beyond the last period of the grid, D is
its value there plus binomial coefficients times its differences Δ over the last e + 1 periods.
Where all of these have D's own sign, or are zero, D keeps its sign for ever, and the comparison
its answer.  If that holds of every comparison that a candidate of the last period came to, each
larger size goes the way of the one that is some periods before it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from convlint.sweep.grid import Grid, Numbers
from convlint.sweep.node import Linear, Quasi, difference, quasi_of
from convlint.sweep.region import Region, spread
from convlint.sweep.walk import Question, Walk


def needed(walk: Walk) -> tuple[int, ...]:
    """How many sizes of each letter to follow for a proof, as far as that can be told.

    For letters that have not settled these are more than there are: twice as many, and some
    periods of the comparisons that have not.
    """
    counts = [len(axis.sizes) for axis in walk.grid.axes]
    letters = walk.grid.letters
    for question in walk.questions.values():
        quasi = _quasi(question, len(counts))
        if quasi is None:
            continue
        for names in _unsteady(question, quasi, walk.grid):
            for i in (letters.index(name) for name in names.split(" and ")):
                enough = 4 * quasi.periods[i] * (quasi.degrees[i] + 1)
                counts[i] = max(counts[i], 2 * len(walk.grid.axes[i].sizes), enough)
    return tuple(counts)


def periods(walk: Walk) -> tuple[int, ...]:
    """After how many indices of every letter all comparisons come again; 0 if that is not known."""
    found = [1] * len(walk.grid.axes)
    for question in walk.questions.values():
        quasi = _quasi(question, len(found))
        if quasi is None:
            return (0,) * len(found)
        found = [math.lcm(a, b) for a, b in zip(found, quasi.periods, strict=True)]
    return tuple(found)


def doubts(walk: Walk) -> Iterator[str]:
    """Why the pattern need not go on beyond the grid; nothing where it does for certain."""
    grid = walk.grid
    if not any(axis.is_open for axis in grid.axes):
        return
    if walk.opaque:
        yield "a size is computed with floating point numbers"
        return
    told = set()
    for question in walk.questions.values():
        quasi = _quasi(question, len(grid.axes))
        if quasi is None:
            if "irregular" not in told:
                told.add("irregular")
                yield "a size is computed in a way whose period is not known"
            continue
        for letters in _unsteady(question, quasi, grid):
            if letters not in told:
                told.add(letters)
                yield f"{letters} was not followed far enough"
    for sides, left, right in walk.nodes.cases:
        quasi = walk.nodes.cases_quasi(left, right)
        if quasi is None or not all(_is_settled(mask, quasi, grid) for mask in sides):
            yield "what was put together of several cases has not settled"
            return


def _quasi(question: Question, count: int) -> Quasi | None:
    return difference(quasi_of(question.left, count), quasi_of(question.right, count))


def _sides(question: Question) -> Numbers:
    right = question.right
    return question.left.array() - (right.array() if isinstance(right, Linear) else right)


def _unsteady(question: Question, quasi: Quasi, grid: Grid) -> Iterator[str]:
    """The letters along which a comparison may be answered otherwise beyond the grid."""
    values = _sides(question)
    moving = [i for i in spread(values) if grid.axes[i].is_open]
    for letters in _subsets(moving):
        name = " and ".join(grid.axes[i].letter for i in letters)
        if not _fits(letters, quasi, grid):
            yield name
            return
        if not _is_steady(values, question.region, letters, quasi):
            yield name


def _subsets(items: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for size in range(1, len(items) + 1):
        yield from itertools.combinations(items, size)


def _fits(letters: Iterable[int], quasi: Quasi, grid: Grid) -> bool:
    """Whether the grid has the periods that the differences need."""
    return all(
        quasi.periods[i] * (quasi.degrees[i] + 1) <= len(grid.axes[i].sizes) for i in letters
    )


def _is_steady(values: Numbers, region: Region, letters: tuple[int, ...], quasi: Quasi) -> bool:
    here = values[_tail(values, letters, quasi, 0)]
    alive = region.project(spread(values))
    alive = np.broadcast_to(alive, np.broadcast_shapes(alive.shape, values.shape))
    alive = alive[_tail(alive, letters, quasi, 0)]
    if not alive.any():
        return True
    sign = np.sign(here)
    degrees = [range(quasi.degrees[i] + 1) for i in letters]
    for order in itertools.product(*degrees):
        if not any(order):
            continue
        step = _differences(values, letters, quasi, order)
        good = (np.sign(step) == sign) | (step == 0)
        if not (good | ~alive).all():
            return False
    return True


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


def _slice(count: int, period: int, back: int) -> slice:
    """The last period of an axis, or the one so many before it."""
    if count == 1:
        return slice(None)
    end = count - back * period
    return slice(end - period, end)


def _is_settled(mask: Numbers, quasi: Quasi, grid: Grid) -> bool:
    """Whether the last periods of a mask are alike, along every open letter."""
    for i in spread(mask):
        if not grid.axes[i].is_open:
            continue
        needed = quasi.periods[i] * (quasi.degrees[i] + 1)
        if needed > mask.shape[i]:
            return False
        last = np.take(mask, range(mask.shape[i] - needed, mask.shape[i]), axis=i)
        one = np.take(last, range(needed - quasi.periods[i], needed), axis=i)
        tiled = np.concatenate([one] * (quasi.degrees[i] + 1), axis=i)
        if not np.array_equal(last, tiled):
            return False
    return True
