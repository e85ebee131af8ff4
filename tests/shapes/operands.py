"""Operands of every dtype and layout, in pairs that broadcast or nearly so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
from hypothesis import strategies as st

import tests.oracle
from tests.sampling import sampled

SEARCH = sampled(50)

REAL = [torch.bool, torch.uint8, torch.int64, torch.float16, torch.float32, torch.float64]
WIDE = [torch.bool, torch.uint8, torch.int64, torch.float32, torch.float64, torch.complex64]

sizes = st.sampled_from([1, 2, 2, 3, 3, 4])
shapes = st.lists(sizes, max_size=4).map(tuple)


@dataclass(frozen=True)
class Operand:
    """A tensor of `shape` whose axes lie in memory in `order`, `expanded` along one of them."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    order: tuple[int, ...]
    expanded: int | None = None

    @property
    def base(self) -> tuple[tuple[int, ...], torch.dtype]:
        """What comes in as the network's input."""
        sizes = tuple(1 if a == self.expanded else self.shape[a] for a in self.order)
        return sizes, self.dtype

    def laid(self, x: Any) -> Any:
        """The input as it is to be: permuted back and expanded."""
        if self.order != tuple(range(len(self.shape))):
            x = x.permute([self.order.index(a) for a in range(len(self.shape))])
        return x if self.expanded is None else x.expand(self.shape)


@st.composite
def operands(
    draw: st.DrawFn, dtypes: Sequence[torch.dtype], shape: tuple[int, ...] | None = None
) -> Operand:
    """One tensor."""
    shape = draw(shapes) if shape is None else shape
    order = tuple(range(len(shape)))
    if draw(st.booleans()):
        order = tuple(draw(st.permutations(order)))
    expanded = None
    if shape and draw(st.integers(0, 7)) == 0:
        expanded = draw(st.integers(0, len(shape) - 1))
    return Operand(shape, draw(st.sampled_from(dtypes)), order, expanded)


@st.composite
def mates(draw: st.DrawFn, first: Operand, dtypes: Sequence[torch.dtype]) -> Operand:
    """A tensor that meets `first`: its shape, some axes 1, missing, or wrong."""
    changes = [draw(st.sampled_from(["same"] * 6 + ["one", "one", "other"])) for _ in first.shape]
    shape = [
        {"same": n, "one": 1, "other": n + 1}[how]
        for n, how in zip(first.shape, changes, strict=True)
    ]
    lead = draw(st.sampled_from([0, 0, 0, 1, 2, -1]))
    shape = [2, *shape] if lead < 0 else shape[lead:]
    own = [first.dtype] * 2 + list(dtypes)
    return draw(operands(own, tuple(shape)))


def ones(spec: Any) -> torch.Tensor:
    """Small numbers of which none is zero, so that nothing is divided by zero."""
    shape, dtype = spec
    whole = not (dtype.is_floating_point or dtype.is_complex)
    return torch.full(tuple(shape), 1 if whole else 0.5, dtype=dtype)


def agree(
    function: Callable[..., Any],
    given: Sequence[Operand],
    rule: str | None = None,
) -> None:
    """As the oracle's, over operands as they lie in memory."""

    def call(*tensors: Any) -> Any:
        return function(*[o.laid(x) for o, x in zip(given, tensors, strict=True)])

    with patch("tests.oracle.real", ones):
        tests.oracle.agree(lambda: call, [o.base for o in given], rule=rule)
