"""cat, stack and their kin against torch."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import convlint.trace.mode
from tests.oracle import agree, convlint_says
from tests.sampling import sampled
from tests.shapes.views import axes, chain, dtypes, legal, movers


@st.composite
def several(draw: Any) -> list[tuple[tuple[int, ...], torch.dtype]]:
    """Tensors that are alike but for some sides."""
    rank = draw(st.integers(0, 4))
    base = draw(st.tuples(*[st.integers(0, 3)] * rank))
    found = []
    for _ in range(draw(st.integers(1, 3))):
        shape = list(base)
        if shape and draw(st.booleans()):
            shape[draw(st.integers(0, rank - 1))] = draw(st.integers(0, 3))
        if draw(st.integers(0, 9)) == 0:
            shape = draw(st.sampled_from([[0], [], [*shape, 1]]))
        found.append((tuple(shape), draw(dtypes)))
    return found


@sampled(100)
@given(several(), axes, st.sampled_from(["cat", "concat", "concatenate", "stack"]), st.booleans())
def test_along(specs: Any, dim: int, name: str, listed: bool) -> None:
    join, kind = getattr(torch, name), list if listed else tuple
    agree(lambda: lambda *tensors: join(kind(tensors), dim), specs)


@sampled(100)
@given(several(), st.sampled_from(
    ["hstack", "vstack", "row_stack", "dstack", "column_stack", "block_diag", "atleast_1d",
     "atleast_2d", "atleast_3d"]))  # fmt: skip
def test_fixed(specs: Any, name: str) -> None:
    join = getattr(torch, name)
    if "atleast" in name or name == "block_diag":
        agree(lambda: lambda *tensors: join(*tensors), specs)
    else:
        agree(lambda: lambda *tensors: join(tensors), specs)


@sampled(100)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4).map(tuple), movers, axes,
       st.sampled_from(["cat", "stack", "hstack", "vstack", "dstack"]))  # fmt: skip
def test_layout(shape: Any, steps: Any, dim: int, name: str) -> None:
    """The strides of the result where the tensors are no row-major ones."""
    kept, _ = legal(shape, steps)
    before, join = chain(*kept)(), getattr(torch, name)
    arguments = (dim,) if name in ("cat", "stack") else ()
    specs = [(shape, torch.float32)] * 2
    agree(lambda: lambda x, y: join([before(x), before(y)], *arguments), specs)


@sampled(50)
@given(st.booleans(), st.booleans(), st.integers(1, 2), st.integers(1, 3), axes)
def test_channels_last(one: bool, other: bool, channels: int, side: int, dim: int) -> None:
    def call(x: Any, y: Any) -> Any:
        x = x.contiguous(memory_format=torch.channels_last) if one else x
        y = y.contiguous(memory_format=torch.channels_last) if other else y
        return torch.cat([x, y], dim)

    agree(lambda: call, [((2, channels, side, side), torch.float32)] * 2)


def test_the_odd_one_is_named() -> None:
    specs = [((1, 4, 8, 8), torch.float32)] * 2 + [((1, 4, 7, 8), torch.float32)]
    _, errors = convlint_says(lambda: lambda *t: torch.cat(t, 1), specs)
    (error,) = errors
    assert error.code == "CL301"
    assert "axis 2 is 8 and 7" in error.message
    assert "tensor 2 of 3" in error.message


@pytest.mark.parametrize("call", [
    lambda x, y: torch.cat([x, y]), lambda x, y: torch.stack((x, y), 1),
    lambda x, y: torch.hstack([x, y]), lambda x, y: torch.vstack([x, y]),
    lambda x, y: torch.dstack([x, y]), lambda x, y: torch.column_stack([x, y]),
    lambda x, y: torch.block_diag(x, y), lambda x, y: torch.atleast_3d(x),
])  # fmt: skip
def test_torch_is_not_asked(call: Any) -> None:
    with patch.object(convlint.trace.mode, "ask", side_effect=AssertionError):
        agree(lambda: call, [((4, 5), torch.float32)] * 2)
