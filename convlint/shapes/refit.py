"""What a view with stale numbers should have been: the sizes that arrive win over literals.

The axes that arrive are laid against the sizes asked for, in order: neighbouring axes merge into
one, or one axis splits into several.  Of all such layings the one is taken that

1. keeps most of the numbers written,
2. replaces equal numbers by equal numbers (`80, 80` by `224, 224`),
3. keeps the batch in front as it is.

An axis that was folded into the batch earlier is unfolded by the same numbers: `(2, 16, ...)`
viewed as `(32, ...)` and later as `(-1, 16, 256)` has a batch of 2 again.  Where several layings
are as good, the sizes in which they differ are not known.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TypeAlias

from convlint.advice.origin import origin
from convlint.dims import Dim, Shape, Unknown, guess, known
from convlint.tensor import TensorSpec

Sizes: TypeAlias = tuple[int, ...]
Cost: TypeAlias = tuple[int, int, int, int]

_HOLE = -1
_TRUSTED = 3
"""How many new numbers a laying may need before it is no more than a guess."""


def refit(input: TensorSpec, wanted: Shape) -> Shape:
    """The sizes that `input` should have been given instead of `wanted`."""
    if input.shape is None or not input.known:
        return tuple(n if _literal(n) else Unknown() for n in wanted)
    have = tuple(guess(n) for n in input.shape)
    asked = tuple(guess(n) if _literal(n) else _HOLE for n in wanted)
    own = _unfolded(input, have, asked)
    best: list[Sizes] = []
    least: Cost | None = None
    needed = max(0, len(asked) - len(own))
    laid = ((made, 0, 0 if needed else splits) for made, splits in _laid(own, asked))
    for made, strayed, splits in (*laid, *((made, 1, 0) for made in _scattered(own, asked))):
        cost = _cost(own, asked, made, strayed, splits)
        if least is None or cost < least:
            best, least = [made], cost
        elif cost == least and made not in best:
            best.append(made)
    uneven = _uneven(have, asked) if least is None or least[0] > 1 else set()
    if uneven:
        return tuple(
            n if _literal(n) and i not in uneven else Unknown() for i, n in enumerate(wanted)
        )
    if not best or least is None or least[0] > _TRUSTED:
        kept = 1 if have[:1] == asked[:1] else 0
        return (*wanted[:kept], *(Unknown() for _ in wanted[kept:]))
    return tuple(_agreed(numbers) for numbers in zip(*best, strict=True))


def _agreed(numbers: Sizes) -> Dim:
    """The size that all layings agree on."""
    one = len(set(numbers)) == 1 and numbers[0] != _HOLE
    return numbers[0] if one else Unknown(max(1, numbers[0]))


def _uneven(have: Sizes, asked: Sizes) -> set[int]:
    """The places of two sizes that an axis is split into with a rest (510 = 8 · 63 + 6)."""
    places: set[int] = set()
    for n in have:
        for i, (one, other) in enumerate(itertools.pairwise(asked)):
            parts = one > 1 and other > 1 and one * other < n
            if parts and (n // one == other or n // other == one):
                places |= {i, i + 1}
    return places


def _literal(n: Dim) -> bool:
    return isinstance(n, int) and n != _HOLE


def _unfolded(input: TensorSpec, have: Sizes, asked: Sizes) -> Sizes:
    """`have`, with the batch in the axes it was once folded from, if `asked` names them."""
    layer = origin(input, 0) if have else None
    if layer is None or layer.op not in ("view", "reshape", "flatten") or not layer.tensors:
        return have
    before = layer.tensors[0].shape
    if before is None or not known(*before):
        return have
    for count in range(2, len(before)):
        folded = tuple(guess(n) for n in before[:count])
        if math.prod(folded) == have[0] and folded[0] != have[0]:
            named = asked[:count]
            same = all(n in (_HOLE, f) for n, f in zip(named, folded, strict=False))
            if len(named) == count and same and any(n != _HOLE for n in named):
                return folded + have[1:]
    return have


def _laid(own: Sizes, asked: Sizes) -> Iterator[tuple[Sizes, int]]:
    """Every way to lay the axes `own` against the sizes `asked`, and how many axes it splits."""
    if not asked:
        if not own:
            yield (), 0
        return
    for count in range(len(own) + 1):
        merged = math.prod(own[:count])
        if count or asked[0] in (_HOLE, 1):
            for rest, splits in _laid(own[count:], asked[1:]):
                yield (merged, *rest), splits
    if own:
        for count in range(2, len(asked) + 1):
            for parts in _split(own[0], asked[:count]):
                for rest, splits in _laid(own[1:], asked[count:]):
                    yield (*parts, *rest), splits + 1


def _split(n: int, asked: Sizes) -> Iterator[Sizes]:
    """Every way to split one axis into the sizes `asked` with as few new numbers as needed."""
    holes = [i for i, size in enumerate(asked) if size == _HOLE]
    places = holes or list(range(len(asked)))
    found = False
    for place in places:
        others = math.prod(s for i, s in enumerate(asked) if i != place)
        if others > 0 and n % others == 0:
            found = True
            yield (*asked[:place], n // others, *asked[place + 1 :])
    if len(asked) > 1 and asked[-1] == asked[-2] and not holes:
        others = math.prod(asked[:-2])
        if others > 0 and n % others == 0:
            side = math.isqrt(n // others)
            if side * side * others == n:
                yield (*asked[:-2], side, side)
            elif not found:
                yield (*asked[:-2], _HOLE, _HOLE)


def _scattered(own: Sizes, asked: Sizes) -> Iterator[Sizes]:
    """One number replaced so that the product fits, whatever axes it cuts across."""
    total = math.prod(own)
    filled = tuple(own[0] if n == _HOLE and own else n for n in asked)
    for place, n in enumerate(asked):
        others = math.prod(s for i, s in enumerate(filled) if i != place)
        if n != _HOLE and others > 0 and total % others == 0:
            yield (*filled[:place], total // others, *filled[place + 1 :])


def _cost(own: Sizes, asked: Sizes, made: Sizes, strayed: int, splits: int) -> Cost:
    changed: dict[int, int] = {}
    replaced, uneven = strayed, splits + 2 * strayed
    for old, new in zip(asked, made, strict=True):
        if old != _HOLE:
            replaced += (old != new) + (new == 1 != old)  # an axis hardly vanishes
            uneven += changed.setdefault(old, new) != new
    moved = bool(own) and bool(made) and made[0] != own[0]
    return replaced, made.count(_HOLE), uneven, int(moved)
