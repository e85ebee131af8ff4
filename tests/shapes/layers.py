"""What the tests of layers with features draw."""

from typing import Any

import torch
from hypothesis import strategies as st

from tests.sampling import sampled

FLOAT, LONG = torch.float32, torch.int64
DTYPES = [FLOAT, FLOAT, FLOAT, torch.float16, torch.bfloat16, torch.float64, LONG, torch.uint8,
          torch.bool]  # fmt: skip
SEARCH = sampled(50)


def sizes(*usual: int, low: int = 1, high: int = 5) -> st.SearchStrategy[int]:
    """Mostly one of `usual`, so that layers fit often."""
    return st.one_of(st.sampled_from(usual), st.sampled_from(usual), st.integers(low, high))


@st.composite
def shapes(draw: st.DrawFn, least: int = 0, most: int = 4, high: int = 4) -> tuple[int, ...]:
    """Any small shape."""
    return tuple(draw(st.lists(st.integers(1, high), min_size=least, max_size=most)))


def calls(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """A factory of `function` with these arguments behind the tensors."""
    return lambda: lambda *tensors: function(*tensors, *arguments, **keywords)


def turned(function: Any, order: tuple[int, ...], *rest: Any, **keywords: Any) -> Any:
    """A factory of `function` on its first tensor permuted (and so not contiguous)."""
    return lambda: lambda x, *tensors: function(x.permute(order), *tensors, *rest, **keywords)
