"""Axes that one reshape puts together and a later one takes apart again."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from convlint.advice.batch import RESHAPES
from convlint.advice.passage import is_in_place, steps
from convlint.arithmetic.refinement import has_refinement
from convlint.dims import known
from convlint.network import Layer

_Sizes = tuple[int, ...]


class Fold(NamedTuple):
    """`layer` has put axes of the sizes `folded` together, which come apart as `unfolded`."""

    layer: Layer
    folded: _Sizes
    unfolded: _Sizes

    @property
    def is_swapped(self) -> bool:
        """Whether the same axes come apart in another order: no axis has moved in between."""
        same = sorted(self.folded) == sorted(self.unfolded)
        return same and not has_refinement(self.folded, self.unfolded)


def unfolding(layer: Layer) -> Fold | None:
    """What the rows were made of that a reshape takes apart; None where that is not known."""
    if layer.op not in RESHAPES or layer.rejected is not None or not layer.tensors:
        return None
    sizes, made = _sizes(layer.tensors[0].shape), _sizes(layer.outputs[0].shape)
    if not sizes or not made:
        return None
    unfolded = _part(made, 0, sizes[0])
    if len(unfolded) < 2:
        return None
    for fold, axis in steps(layer.tensors[0], 0):
        before, after = _sizes(_taken(fold)), _sizes(fold.outputs[0].shape)
        if not before or not after:
            return None
        if fold.op in RESHAPES:
            first = len(_part(before, 0, prod(after[:axis]))) if axis else 0
            folded = _part(before, first, after[axis])
            if len(folded) > 1:
                return Fold(fold, folded, unfolded)
        if not is_in_place(fold):
            return None
    return None


def _taken(layer: Layer) -> object:
    return layer.tensors[0].shape if layer.tensors else None


def _sizes(shape: object) -> _Sizes:
    """Numbers larger than 0; none where one is not known."""
    if not isinstance(shape, tuple) or not known(*shape) or 0 in shape:
        return ()
    return tuple(map(int, shape))


def _part(sizes: _Sizes, start: int, count: int) -> _Sizes:
    """The axes from `start` on that have `count` elements together; none where they do not."""
    for end in range(start + 1, len(sizes) + 1):
        if prod(sizes[start:end]) == count:
            return sizes[start:end]
    return ()
