"""Sizes as functions: what is the same function is the same node."""

from __future__ import annotations

import numpy as np
import pytest

from convlint.sweep import Axis, Grid
from convlint.sweep.grid import Numbers
from convlint.sweep.node import Linear, Nodes


def _nodes() -> tuple[Nodes, Linear, Numbers]:
    grid = Grid((Axis("H", tuple(range(1, 101)), True),))
    nodes = Nodes(grid)
    return nodes, nodes.letter(0), grid.values[0]


def _linear(size: Linear | int) -> Linear:
    assert isinstance(size, Linear)
    return size


@pytest.mark.parametrize("scale", [1, 2, 5])
@pytest.mark.parametrize("offset", [0, 3])
def test_filled_up_to_multiples(scale: int, offset: int) -> None:
    nodes, h, n = _nodes()
    size = h.times(scale).plus(offset)
    pad = _linear(nodes.rest(nodes_turned(nodes, size, 7), 7))  # (7 − n % 7) % 7
    filled = _linear(nodes.sum(size, pad))
    values = scale * n + offset
    assert np.array_equal(filled.array(), values + -values % 7)
    whole = _linear(nodes.floor(filled, 7))
    assert np.array_equal(whole.array(), -(-values // 7))
    assert nodes.sum(pad, size) == filled


def nodes_turned(nodes: Nodes, size: Linear, divisor: int) -> Linear:
    return _linear(nodes.rest(size, divisor)).times(-1).plus(divisor)


@pytest.mark.parametrize("offset", [0, 3])
def test_cut_to_multiples(offset: int) -> None:
    nodes, h, n = _nodes()
    size = h.plus(offset)
    cut = _linear(nodes.sum(size, _linear(nodes.rest(size, 4)).times(-1)))
    assert np.array_equal(cut.array(), (n + offset) // 4 * 4)
    assert nodes.sum(_linear(nodes.rest(h, 4)), h) != cut
    twice = _linear(nodes.sum(size, _linear(nodes.rest(size, 4))))
    assert np.array_equal(twice.array(), n + offset + (n + offset) % 4)


def test_what_was_filled_has_the_factors_of_its_windows() -> None:
    nodes, h, _ = _nodes()
    filled = _linear(nodes.sum(h, _linear(nodes.rest(h.times(-1), 7))))
    windows = _linear(nodes.floor(filled, 7))
    area = nodes.product(filled, filled)
    assert nodes.cofactor(area, nodes.product(windows, windows)) == 49
