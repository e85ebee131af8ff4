"""An answer in words: for which sizes a network works, where it fails, and what is wrong there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from convlint.arithmetic.notation import BATCH
from convlint.diagnostic import Diagnostic
from convlint.dims import Dim, guess
from convlint.network import Network
from convlint.sizes import Border, Bound, Condition, Map, Sizes
from convlint.sizing import at, completed, expressed
from convlint.spec import InputSpec
from convlint.sweep import Answer, Axis, Failure, Grid
from convlint.sweep.grid import Numbers
from convlint.sweep.sets import project, sets
from convlint.symbol import Dims, assigned
from convlint.tensor import TensorSpec

_WAYS: Final = 12
"""So many traces are asked whether one expression holds for all."""

_LONG: Final = 60
"""Of a condition for a failure; an example is shown for a longer one."""


def findings(answer: Answer, dims: Dims, known: Sequence[Diagnostic] = ()) -> Iterator[Diagnostic]:
    """What is wrong with declared sizes: those for which nothing else makes the network work.

    Args:
        known: what was found already, at the sizes that were looked at first.
    """
    grid = answer.grid
    others = tuple(i for i, x in enumerate(grid.letters) if dims.domain(x) is None)
    if len(others) == len(grid.letters):
        return

    def declared(mask: Numbers) -> Numbers:
        found: Numbers = np.any(mask, axis=others, keepdims=True) if others else mask
        return np.broadcast_to(found, grid.shape)

    fine = declared(answer.valid | answer.unseen)
    told = {(found.code, found.location) for found in known}
    left = ~fine
    # What fails last has come the farthest: with the other letters as they should be.
    for failure, mask in sorted(grouped(answer), key=_progress, reverse=True):
        found = failure.diagnostic
        bad = mask & left
        left = left & ~declared(bad)
        if not bad.any() or (found.code, found.location) in told:
            continue
        working = sets(answer, declared(answer.valid))
        works = "; ".join(str(one) for one in working if not one.is_all)
        involved = _involved(answer, bad)
        told_at = grid.at(failure.place).items()
        sizes = assigned({letter: n for letter, n in told_at if letter in involved})
        yield replace(
            found,
            message=f"at {sizes}: {found.message}" if sizes else found.message,
            note=(
                *found.note,
                f"it fails here for {where(answer, bad)}",
                f"works for {works}" if answer.valid.any() else "works for none of these sizes",
            ),
        )


def _progress(group: tuple[Failure, Numbers]) -> tuple[int, int]:
    """How far a network has come before it failed."""
    failure, _ = group
    location = failure.diagnostic.location
    return failure.progress, location.row if location is not None else 0


def _involved(answer: Answer, mask: Numbers) -> tuple[str, ...]:
    """The letters on which it hangs."""
    return (
        tuple(x for one in sets(answer, mask) if not one.is_all for x in one.letters)
        or (answer.grid.letters[:1])
    )


# -- the answer in words


def told(answer: Answer, inputs: Sequence[InputSpec], network: Network, dims: Dims) -> Sizes:
    """What is said of an answer."""
    grid, valid = answer.grid, answer.valid
    possible = valid | answer.unseen
    for failure in answer.failures:
        possible = possible | answer.failing(failure)
    groups = grouped(answer)
    read = valid & ~answer.wasting(answer.unread)
    even = valid & ~answer.wasting(answer.uneven)
    usual = example(answer, dims)
    outputs: tuple[TensorSpec, ...] = ()
    is_general = True
    if usual:
        there = at(network, inputs, dims, usual)
        outputs = expressed(there, inputs, dims, usual).results
        is_general = not there.hooked and _are_general(answer, inputs, there, dims, usual)
        outputs = outputs if is_general else there.results
    return Sizes(
        " ".join(map(str, inputs)),
        tuple(conditions(answer, valid)) if valid.any() else (),
        bool((valid == possible).all()) and bool(valid.any()),
        answer.proven,
        answer.reasons,
        tuple(Bound(a.letter, a.sizes[0], a.sizes[-1], a.is_open) for a in grid.axes),
        tuple(map(str, outputs)),
        is_general,
        tuple(_borders(answer, groups)),
        _besides(answer, read),
        _besides(answer, even),
        tuple(usual.items()),
        _map(answer, groups, read),
    )


def _are_general(
    answer: Answer,
    inputs: Sequence[InputSpec],
    network: Network,
    dims: Dims,
    usual: Mapping[str, int],
) -> bool:
    """Whether what comes out, in the letters of one network, is what others take another way to."""
    ways = {id(one.network): one.region for one in answer.works}
    if len(ways) < 2:
        return True
    last = tuple(len(axis.sizes) - 1 for axis in answer.grid.axes)
    near = answer.grid.place(usual) or last
    for region in list(ways.values())[:_WAYS]:
        for place in {region.pick(near), region.pick(last)}:
            sizes = completed(answer.grid.at(place), dims)
            made = at(network, inputs, dims, sizes).results
            said = expressed(network, inputs, dims, sizes).results
            if [_sizes(one) for one in said] != [_sizes(one) for one in made]:
                return False
    return True


def _sizes(tensor: TensorSpec) -> tuple[Dim, ...] | None:
    """The sizes, where one that is not known counts as what it may be."""
    return None if tensor.shape is None else tuple(map(guess, tensor.shape))


def example(answer: Answer, dims: Dims) -> dict[str, int]:
    """Usual sizes of all letters for which it works; nothing where there are none."""
    if not answer.works:
        return {}
    grid = answer.grid
    largest = max(answer.works, key=lambda one: one.region.count())
    near = tuple(_usual(axis) for axis in grid.axes)
    return completed(grid.at(largest.region.pick(near)), dims)


def _usual(axis: Axis) -> int:
    """Where the most usual size of a letter is."""
    usual = (2,) if axis.letter in BATCH else (224, 16)
    return next((axis.sizes.index(n) for n in usual if n in axis.sizes), 0)


def _besides(answer: Answer, mask: Numbers) -> tuple[Condition, ...] | None:
    """What holds of some sizes beside that they work; None where it is true of all of them."""
    if (mask == answer.valid).all():
        return None
    if not mask.any():
        return ()
    known = {str(one) for one in sets(answer, answer.valid)}
    return tuple(
        condition
        for one, condition in zip(sets(answer, mask), conditions(answer, mask), strict=True)
        if not one.is_all and str(one) not in known
    )


def conditions(answer: Answer, mask: Numbers) -> Iterator[Condition]:
    """What is said of the sizes of a mask, letter by letter where these do not hang together."""
    grid = answer.grid
    for one in sets(answer, mask):
        meant: tuple[int, ...] = ()
        if not one.joint:
            i = grid.letters.index(one.letters[0])
            line = np.broadcast_to(project(mask, (i,)), _only(grid, i)).reshape(-1)
            meant = tuple(n for n, is_in in zip(grid.axes[i].sizes, line, strict=True) if is_in)
        yield Condition(one.letters, one.words, str(one), meant)


def _only(grid: Grid, axis: int) -> tuple[int, ...]:
    return tuple(n if i == axis else 1 for i, n in enumerate(grid.shape))


def grouped(answer: Answer) -> list[tuple[Failure, Numbers]]:
    """The failures, one for each layer and code, with the candidates that end there."""
    found: dict[object, tuple[Failure, Numbers]] = {}
    for failure in answer.failures:
        key = (failure.layer, failure.diagnostic.code, failure.diagnostic.location)
        mask = answer.failing(failure)
        first, before = found.get(key, (failure, mask))
        found[key] = (first, before | mask)
    return sorted(found.values(), key=lambda group: -int(group[1].sum()))


def _borders(answer: Answer, groups: Sequence[tuple[Failure, Numbers]]) -> Iterator[Border]:
    for failure, mask in groups:
        found = failure.diagnostic
        yield Border(
            where(answer, mask),
            found.message,
            found.code,
            failure.layer,
            found.location,
            float(mask.mean()),
        )


def where(answer: Answer, mask: Numbers) -> str:
    """For which sizes something fails: by each letter alone, as far as one letter does it.

    A letter does it alone where it fails whichever of the sizes that work the others have.
    """
    grid, valid = answer.grid, answer.valid
    if not valid.any():
        found = sets(answer, mask, brief=True)
        return "; ".join(str(one) for one in found if not one.is_all) or "all sizes"
    sides = [project(valid, (i,)) for i in range(mask.ndim)]
    told, left = [], mask
    for i in range(mask.ndim):
        others: Numbers = np.ones((1,) * mask.ndim, dtype=bool)
        for j, side in enumerate(sides):
            others = others if i == j else others & side
        spared: Numbers = np.any(
            ~mask & others, axis=tuple(j for j in range(mask.ndim) if j != i), keepdims=True
        )
        if not spared.all():
            line = np.broadcast_to(~spared, grid.shape)
            told += [one for one in sets(answer, line) if grid.axes[i].letter in one.letters]
            left = left & spared
    for side in sides:
        left = left & side
    words: dict[str, list[str]] = {}
    for one in told:
        words.setdefault(one.words, []).append(grid.axes[grid.letters.index(one.letters[0])].letter)
    texts = [
        f"{' or '.join(names)} {text}" if text.startswith(("≥", "="))
        else f"{' or '.join(names)}: {text}" for text, names in words.items()
    ]  # fmt: skip
    if left.any():
        together = "; ".join(str(one) for one in sets(answer, left, brief=True) if not one.is_all)
        if len(together) > _LONG:
            some = grid.at(tuple(map(int, np.argwhere(left)[0])))
            together = f"some, as {assigned(some)}"
        texts.append(together)
    return "; ".join(texts) or "all sizes"


def _map(answer: Answer, groups: Sequence[tuple[Failure, Numbers]], read: Numbers) -> Map | None:
    """The picture of the two letters that matter most, or of the only one."""
    grid = answer.grid
    open_ = [i for i, axis in enumerate(grid.axes) if len(axis.sizes) > 1]
    open_ = [i for i in open_ if grid.axes[i].letter not in BATCH] or open_
    shown = sorted(sorted(open_, key=lambda i: len(grid.axes[i].sizes))[-2:])
    if not shown or len(groups) > 250:
        return None
    others = tuple(i for i in range(len(grid.axes)) if i not in shown)
    cells = np.full([len(grid.axes[i].sizes) for i in shown], 2, dtype=np.uint8)

    def flat(mask: Numbers) -> Numbers:
        found: Numbers = np.any(mask, axis=others) if others else mask
        return found

    for i, (_, mask) in reversed(list(enumerate(groups))):
        cells[flat(mask)] = i + 3
    cells[flat(answer.valid)] = 1
    cells[flat(read)] = 0
    *rows, columns = (grid.axes[i] for i in shown)
    return Map.of(
        (rows[0].letter if rows else "", columns.letter),
        rows[0].sizes if rows else (1,),
        columns.sizes,
        cells.tobytes(),
    )
