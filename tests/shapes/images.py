"""What the tests of layers over images draw."""

from typing import Any

import torch
from hypothesis import strategies as st

FLOAT = torch.float32


def per_axis(axes: int, low: int, high: int) -> st.SearchStrategy[Any]:
    """One number, or one for every axis."""
    one = st.integers(low, high)
    return st.one_of(one, st.tuples(*[one] * axes))


@st.composite
def images(draw: st.DrawFn, axes: int, channels: int = 3, largest: int = 9) -> tuple[int, ...]:
    """The shape of an input: mostly of the right rank and channels."""
    count = draw(st.one_of(st.just(channels), st.integers(1, 4)))
    spatial = draw(st.tuples(*[st.integers(1, largest)] * axes))
    lead = draw(st.sampled_from([(2, count), (1, count), (2, count), (count,), (2, 2, count), ()]))
    return (*lead, *spatial)


def no_torch(*_: Any) -> Any:
    """Stands in for `convlint.trace.mode.ask` where a shape function must answer."""
    raise AssertionError("torch was asked")


def identity(value: Any) -> Any:
    """`partial(identity, call)` makes `call`, as `agree` wants it."""
    return value
