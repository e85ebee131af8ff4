"""A set of candidates, as the letters that matter tell it: H ≥ 7 and W ≥ 7 needs no H × W bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from convlint.sweep.grid import Numbers

Axes: TypeAlias = tuple[int, ...]


class Region:
    """Those candidates of a grid for which every mask is true.  Immutable."""

    __slots__ = ("masks", "memo", "shape")

    def __init__(self, shape: tuple[int, ...], masks: dict[Axes, Numbers] | None = None) -> None:
        self.shape = shape
        self.masks: dict[Axes, Numbers] = {} if masks is None else masks
        self.memo: dict[Any, bool] = {}
        """Comparisons that all candidates are known to answer alike."""

    def where(self, mask: Numbers) -> Region:
        """Those for which `mask` is true as well."""
        axes = spread(mask)
        masks = dict(self.masks)
        before = masks.get(axes)
        masks[axes] = mask if before is None else before & mask
        return Region(self.shape, masks)

    def without(self, mask: Numbers) -> Region:
        """Those for which `mask` is false."""
        return self.where(~mask)

    def only(self, place: Sequence[int]) -> Region:
        """One of them."""
        found = self
        for axis, (n, at) in enumerate(zip(self.shape, place, strict=True)):
            line = np.arange(n) == at
            found = found.where(line.reshape([n if i == axis else 1 for i in range(len(place))]))
        return found

    def has(self, mask: Numbers) -> bool:
        """Whether `mask` is true for any of them, which are some."""
        axes = set(spread(mask))
        joined = mask
        pending = dict(self.masks)
        grown = True
        while grown:
            grown = False
            for own in list(pending):
                if not own or axes & set(own):
                    joined = joined & pending.pop(own)
                    grown = grown or not axes.issuperset(own)
                    axes |= set(own)
        return bool(joined.any())

    @property
    def is_empty(self) -> bool:
        """Whether there is none."""
        if any(not mask.any() for mask in self.masks.values()):
            return True
        if all(len(axes) <= 1 for axes in self.masks):
            return False
        return not self.bits().any()

    def bits(self) -> Numbers:
        """One mask for all, of the smallest shape that can hold it."""
        joined: Numbers = np.ones((1,) * len(self.shape), dtype=bool)
        for mask in self.masks.values():
            joined = joined & mask
        return joined

    def count(self) -> int:
        """How many candidates there are."""
        bits = self.bits()
        free = [n for n, m in zip(self.shape, bits.shape, strict=True) if m == 1 and n > 1]
        return int(bits.sum()) * int(np.prod(free, dtype=np.int64))

    def contains(self, place: Sequence[int]) -> bool:
        """Whether a candidate is among them."""
        return all(bool(mask[projected(mask, place)]) for mask in self.masks.values())

    def pick(self, near: tuple[int, ...]) -> tuple[int, ...]:
        """The one that is nearest to a place, letter by letter."""
        if self.contains(near):
            return near
        if all(len(axes) <= 1 for axes in self.masks):
            found = list(near)
            for axes, mask in self.masks.items():
                if axes:
                    line = np.flatnonzero(mask)
                    found[axes[0]] = int(line[np.abs(line - near[axes[0]]).argmin()])
            return tuple(found)
        places = np.argwhere(self.bits())
        fixed = [n if m > 1 else 0 for n, m in zip(near, self.bits().shape, strict=True)]
        best = places[np.abs(places - fixed).sum(axis=1).argmin()]
        return tuple(
            int(i) if m > 1 else n for i, m, n in zip(best, self.bits().shape, near, strict=True)
        )

    def project(self, axes: Axes) -> Numbers:
        """For which sizes of some letters there is a candidate."""
        bits = self.bits()
        others = tuple(i for i in range(bits.ndim) if i not in axes)
        found: Numbers = np.any(bits, axis=others, keepdims=True) if others else bits
        return found


def spread(mask: Numbers) -> Axes:
    """The letters that an array depends on."""
    return tuple(i for i, n in enumerate(mask.shape) if n > 1)


def projected(array: Numbers, place: Sequence[int]) -> tuple[int, ...]:
    """Where an array has the value of a candidate."""
    return tuple(i if n > 1 else 0 for i, n in zip(place, array.shape, strict=True))


def united(regions: Sequence[Region], parent: Region) -> Region:
    """Disjoint parts of `parent` as one region; in few letters where that is possible."""
    if len(regions) == 1:
        return regions[0]
    if sum(region.count() for region in regions) == parent.count():
        return parent
    joined = regions[0].bits()
    for region in regions[1:]:
        joined = joined | region.bits()
    whole = Region(parent.shape, {spread(joined): joined} if joined.ndim else {})
    # (H ≥ 7) × (W ≥ 7) is told by its sides.
    sides = [whole.project((i,)) for i in spread(joined)]
    boxed = Region(
        parent.shape, {(i,): side for i, side in zip(spread(joined), sides, strict=True)}
    )
    return boxed if boxed.count() == whole.count() else whole
