"""Reshaping without mixing: whether two shapes cut the same row of values at fitting places."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def has_refinement(old: Sequence[int], new: Sequence[int]) -> bool:
    """Whether a tensor of shape `old` can be `new` by splitting and merging neighbouring axes.

    Behind the axes of a shape lie blocks of `product(shape[i:])` values.  Merging and splitting
    neighbours only leaves blocks that nest, so the block sizes of both shapes together must be a
    chain in which each divides the next: (6, 4) and (3, 8) have 4, 8 and 24, and (6, 4) and (4, 6)
    have 4, 6 and 24, where a block of 6 holds one and a half rows.
    """
    blocks = sorted({*_blocks(old), *_blocks(new)})
    return all(larger % smaller == 0 for smaller, larger in pairwise(blocks))


def _blocks(shape: Sequence[int]) -> set[int]:
    found, size = {1}, 1
    for n in reversed(shape):
        size *= n
        found.add(size)
    return found


def middles(old: Sequence[int], new: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What is left of two shapes without the axes of 1 and those that both begin or end with."""
    one, other = [n for n in old if n != 1], [n for n in new if n != 1]
    while one and other and one[0] == other[0]:
        del one[0], other[0]
    while one and other and one[-1] == other[-1]:
        del one[-1], other[-1]
    return tuple(one), tuple(other)
