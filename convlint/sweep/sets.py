"""Sets of sizes in words: "multiples of 32, at least 64", "H·W = 49 only"."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from convlint.sweep.answer import Answer
from convlint.sweep.grid import Axis, Grid, Numbers
from convlint.sweep.node import Linear, expression_of
from convlint.sweep.region import spread
from convlint.sweep.walk import Question

_SHOWN = 8
"""Ranges beyond this are only counted."""


@dataclass(frozen=True, slots=True)
class Set:
    """The sizes of some letters that belong together, in words: `H and W` `multiples of 32`."""

    letters: tuple[str, ...]
    words: str
    is_all: bool = False
    joint: bool = False
    """Whether the letters hang together."""

    def __str__(self) -> str:
        *some, last = self.letters
        names = f"{', '.join(some)} and {last}" if some else last
        if self.joint:
            return self.words
        if self.words.startswith(("≥", "=")):
            return f"{names} {self.words}"
        return f"{names}: {self.words}"


def sets(answer: Answer, mask: Numbers, *, brief: bool = False) -> tuple[Set, ...]:
    """A mask over the grid, letter by letter where these do not hang together.

    Args:
        brief: leave out to which sizes a condition of several letters narrows each of them.
    """
    grid = answer.grid
    found = []
    for block in blocks(mask):
        projected = project(mask, block)
        if len(block) == 1:
            (i,) = block
            line = np.broadcast_to(projected, _line(grid, i)).reshape(-1)
            axis = grid.axes[i]
            found.append(Set((axis.letter,), described(line, axis), bool(line.all())))
        else:
            names = tuple(grid.axes[i].letter for i in block)
            found.append(Set(names, _jointly(answer, projected, block, brief), joint=True))
    return tuple(_alike(found))


def blocks(mask: Numbers) -> list[tuple[int, ...]]:
    """The letters in groups, such that a mask is the product of its projections to these."""
    letters = tuple(range(mask.ndim))
    for groups in sorted(_partitions(letters), key=len, reverse=True):
        joined: Numbers = np.ones((1,) * mask.ndim, dtype=bool)
        for group in groups:
            joined = joined & project(mask, group)
        if np.array_equal(np.broadcast_to(joined, mask.shape), mask):
            return groups
    return [letters]


def project(mask: Numbers, letters: Sequence[int]) -> Numbers:
    """For which sizes of some letters a mask is true anywhere."""
    others = tuple(i for i in range(mask.ndim) if i not in letters)
    found: Numbers = np.any(mask, axis=others, keepdims=True) if others else mask
    return found


def described(line: Numbers, axis: Axis) -> str:
    """Which sizes of one letter are meant."""
    sizes = [n for n, is_in in zip(axis.sizes, line.tolist(), strict=True) if is_in]
    if not sizes:
        return "no size"
    if len(sizes) == len(axis.sizes):
        return f"≥ {sizes[0]}" if axis.is_open else _listed(sizes, axis)
    if len(sizes) == 1:
        return f"= {sizes[0]} only"
    if axis.is_open:
        regular = _regular(sizes, axis)
        if regular is not None:
            return regular
    return _listed(sizes, axis)


def _regular(sizes: Sequence[int], axis: Axis) -> str | None:
    """Sizes that come again and again, up to the end of what was looked at."""
    end, step = axis.sizes[-1], axis.step or 1
    missing = sorted(set(axis.sizes) - set(sizes))
    if not missing or (sizes[-1] + step < end and len(sizes) < 3):
        return None
    if sizes == list(range(sizes[0], end + 1, step)):
        return f"≥ {sizes[0]}"
    gaps = {b - a for a, b in itertools.pairwise(sizes)}
    if len(gaps) == 1 and sizes[-1] + min(gaps) > end and len(sizes) >= 3:
        (gap,) = gaps
        rest = sizes[0] % gap
        if rest == 0:
            least = f", at least {sizes[0]}" if sizes[0] > gap else ""
            return f"multiples of {gap}{least}"
        least = f", at least {sizes[0]}" if sizes[0] > gap else ""
        return f"{gap}·k + {rest}{least}"
    behind = [n for n in missing if n < end // 2]
    if len(missing) == len(behind) <= 2 * _SHOWN:
        first = next(n for n in axis.sizes if n not in missing)
        holes = [n for n in missing if n > first]
        return f"≥ {first} but {_ranges(holes, step)}"
    return _periodic(sizes, axis)


def _periodic(sizes: Sequence[int], axis: Axis) -> str | None:
    """`12·k + 3, 4 or 5`, from some size on."""
    if axis.step != 1:
        return None
    end, members = axis.sizes[-1], set(sizes)
    for period in range(2, min(128, end // 4)):
        late = range(end // 2, end - period + 1)
        if all((n in members) == (n + period in members) for n in late):
            break
    else:
        return None
    first = end // 2
    while first > 1 and ((first - 1) in members) == ((first - 1 + period) in members):
        first -= 1
    rests = sorted({n % period for n in members if n >= end // 2})
    if not 0 < len(rests) <= 6:
        return None
    *some, last = [str(rest) for rest in rests if rest] or [""]
    words = f"{period}·k + {', '.join(some)} or {last}" if some else f"{period}·k + {last}"
    if rests[0] == 0:
        words = f"{period}·k or {words}"
    if rests == [0]:
        words = f"multiples of {period}"
    early = [n for n in sizes if n < first]
    least = min((n for n in members if n >= first), default=first)
    words += f", at least {least}" if least > period else ""
    return (
        f"{_ranges(early, 1)}; {words}"
        if early and len(early) <= _SHOWN
        else (words if not early else None)
    )


def _listed(sizes: Sequence[int], axis: Axis) -> str:
    step = axis.step or 1
    ranges = list(_grouped(sizes, step))
    if axis.is_open and sizes[-1] == axis.sizes[-1] and len(ranges) <= _SHOWN:
        last = f"≥ {ranges[-1][0]}"
        return ", ".join([*(_range(*one) for one in ranges[:-1]), last])
    if len(ranges) > _SHOWN:
        shown = ", ".join(_range(*one) for one in ranges[:_SHOWN])
        return f"{shown}, ... ({len(sizes)} of {len(axis.sizes)} sizes up to {axis.sizes[-1]})"
    return _ranges(sizes, step)


def _ranges(sizes: Sequence[int], step: int) -> str:
    return ", ".join(_range(*one) for one in _grouped(sizes, step))


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _grouped(sizes: Sequence[int], step: int) -> Iterator[tuple[int, int]]:
    start = None
    for before, size in zip([None, *sizes], sizes, strict=False):
        if start is None:
            start = size
        elif before is not None and size - before != step:
            yield start, before
            start = size
    if start is not None:
        yield start, sizes[-1]


def _jointly(answer: Answer, mask: Numbers, letters: Sequence[int], brief: bool) -> str:
    """Letters that hang together: the equation that does it, where it is found."""
    grid = answer.grid
    if not mask.any():
        return "no size"
    if mask.sum() == 1:
        (place,) = np.argwhere(mask)
        return ", ".join(f"{grid.axes[i].letter} = {grid.axes[i].sizes[place[i]]}" for i in letters)
    box: Numbers = np.ones((1,) * mask.ndim, dtype=bool)
    for i in letters:
        box = box & project(mask, (i,))
    conditions = [one for one in conditions_of(answer) if not (mask & ~one[1]).any()]
    conditions.sort(key=lambda one: int((box & ~one[1]).sum()), reverse=True)
    chosen, left = [], np.broadcast_to(box, mask.shape)
    for text, one in conditions:
        if text not in chosen and (left & ~one).any():
            chosen.append(text)
            left = left & one
        if np.array_equal(left, mask):
            break
    if np.array_equal(left, mask):
        sides = () if brief else _sides(mask, letters, grid)
        return "; ".join([" and ".join(chosen), *map(str, sides)])
    either = _either(mask, box, conditions_of(answer))
    if either is not None:
        sides = () if brief else _sides(mask, letters, grid)
        return "; ".join([either, *map(str, sides)])
    count = int(np.broadcast_to(mask, mask.shape).sum())
    tried = " × ".join(str(len(grid.axes[i].sizes)) for i in letters)
    examples = "; ".join(
        ", ".join(f"{grid.axes[i].letter} = {grid.axes[i].sizes[place[i]]}" for i in letters)
        for place in np.argwhere(mask)[:3]
    )
    words = f"{count} of {tried} combinations, as {examples}"
    return "; ".join([*chosen, words]) if chosen else words


def conditions_of(answer: Answer) -> list[tuple[str, Numbers]]:
    """The comparisons of several letters that set failures apart, and their contraries."""
    found: list[tuple[str, Numbers]] = []
    for question in _joint(answer):
        words, holds = worded(question), question.holds()
        for text, one in ((words, holds), (_negated(words), ~holds)):
            if text is not None:
                found.append((text, one))
    return found


def _either(mask: Numbers, box: Numbers, conditions: Sequence[tuple[str, Numbers]]) -> str | None:
    """A mask that holds where one of several comparisons does."""
    chosen: list[str] = []
    left = mask
    for text, one in conditions:
        if not (one & box & ~mask).any() and (left & one).any() and text not in chosen:
            chosen.append(text)
            left = left & ~one
    return " or ".join(chosen) if chosen and not left.any() else None


def _sides(mask: Numbers, letters: Sequence[int], grid: Grid) -> tuple[Set, ...]:
    """To which sizes each of several letters is narrowed."""
    found = []
    for i in letters:
        line = _flat(mask, i, grid)
        if not line.all():
            found.append(Set((grid.axes[i].letter,), described(line, grid.axes[i])))
    return tuple(_alike(found))


def _flat(mask: Numbers, axis: int, grid: Grid) -> Numbers:
    return np.broadcast_to(project(mask, (axis,)), _line(grid, axis)).reshape(-1)


def _line(grid: Grid, axis: int) -> tuple[int, ...]:
    return tuple(n if i == axis else 1 for i, n in enumerate(grid.shape))


def _joint(answer: Answer) -> Iterator[Question]:
    """The comparisons of several letters that have set failures apart."""
    told = set()
    for failure in answer.failures:
        for question, _ in failure.why:
            key = (question.op, question.left, question.right)
            if key not in told and len(spread(question.holds())) > 1:
                told.add(key)
                yield question


def worded(question: Question) -> str | None:
    """A comparison as it is written: `⌊H/32⌋·⌊W/32⌋ = 49`."""
    one, other = question.left, question.right
    if not isinstance(other, Linear) and one.scale > 1 and (other - one.offset) % one.scale == 0:
        one, other = Linear(1, one.node, 0), (other - one.offset) // one.scale
    left, right = expression_of(one), expression_of(other)
    if left is None or right is None:
        return None
    common = left - right
    if common.constant is not None:
        return None
    sign = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥"}.get(question.op, question.op)
    return f"{left} {sign} {right}"


def _negated(words: str | None) -> str | None:
    turned = {"=": "≠", "≠": "=", "<": "≥", ">": "≤", "≤": ">", "≥": "<"}
    if words is None:
        return None
    left, sign, right = words.partition(" " + next(s for s in turned if f" {s} " in words) + " ")
    return f"{left} {turned[sign.strip()]} {right}"


def _partitions(letters: tuple[int, ...]) -> Iterator[list[tuple[int, ...]]]:
    if not letters:
        yield []
        return
    first, *others = letters
    for count in range(len(others) + 1):
        for more in itertools.combinations(others, count):
            left = tuple(x for x in others if x not in more)
            for rest in _partitions(left):
                yield [(first, *more), *rest]


def _alike(found: Sequence[Set]) -> Iterator[Set]:
    """`H and W: multiples of 32`, in one."""
    told: dict[str, list[Set]] = {}
    for one in found:
        told.setdefault(one.words, []).append(one)
    for words, same in told.items():
        letters = tuple(letter for one in same for letter in one.letters)
        yield Set(letters, words, all(one.is_all for one in same), same[0].joint)
