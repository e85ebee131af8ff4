"""Random tensors and random chains of methods, for the families that only move elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st

Step = tuple[str, tuple[Any, ...]]


def chain(*steps: Step) -> Callable[[], Callable[..., Any]]:
    """Makes a callable that applies the methods one after the other."""

    def call(x: Any) -> Any:
        for name, args in steps:
            x = getattr(x, name)(*args)
        return x

    return lambda: call


shapes = st.lists(st.sampled_from([0, 1, 1, 2, 3, 4, 6, 8]), min_size=0, max_size=5).map(tuple)
filled = st.lists(st.sampled_from([1, 1, 2, 3, 4, 6, 8]), min_size=0, max_size=5).map(tuple)
dtypes = st.sampled_from([torch.float32, torch.float32, torch.float64, torch.int64, torch.bool])
axes = st.integers(-4, 4)
near = st.integers(-2, 2)
numbers = st.integers(-7, 7)


def index(depth: int = 1) -> st.SearchStrategy[Any]:
    """One thing that may stand in the brackets, but for tensors."""
    ends = st.none() | numbers
    slices = st.builds(slice, ends, ends, st.none() | st.integers(1, 3))
    return slices | slices | st.integers(-3, 3) | st.none() | st.just(...)


indices = st.lists(index(), min_size=1, max_size=4).map(tuple).filter(lambda i: i.count(...) < 2)

mover: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("transpose"), st.tuples(near, near)),
    st.permutations(range(4)).map(lambda p: ("permute", tuple(p))),
    st.permutations(range(3)).map(lambda p: ("permute", tuple(p))),
    st.tuples(st.just("unsqueeze"), st.tuples(near)),
    st.tuples(st.just("squeeze"), st.tuples(near) | st.just(())),
    st.tuples(st.just("__getitem__"), st.tuples(indices)),
    st.tuples(st.just("diagonal"), st.tuples(near, near, near)),
    st.tuples(st.just("unfold"), st.tuples(near, st.integers(1, 3), st.integers(1, 3))),
    st.tuples(st.just("expand"), st.lists(st.sampled_from([-1, -1, 2, 3]), min_size=1, max_size=5)
              .map(tuple)),
    st.tuples(st.just("flip"), st.tuples(near)),
    st.tuples(st.just("narrow"), st.tuples(near, st.integers(0, 2), st.integers(0, 3))),
    st.tuples(st.just("clone"), st.just(())),
    st.tuples(st.just("contiguous"), st.just(())),
    st.tuples(st.just("double"), st.just(())),
    st.tuples(st.just("movedim"), st.tuples(near, near)),
    st.tuples(st.just("flatten"), st.tuples(near, near)),
    st.tuples(st.just("select"), st.tuples(near, st.integers(-3, 3))),
)  # fmt: skip
movers = st.lists(mover, max_size=3)


def legal(shape: tuple[int, ...], steps: list[Step]) -> tuple[list[Step], tuple[int, ...]]:
    """Those of the steps that torch accepts, in order, and the shape behind them."""
    x, kept = torch.zeros(shape), []
    for name, args in steps:
        try:
            y = getattr(x, name)(*args)
        except Exception:
            continue
        if y.numel() < 5000:
            x, kept = y, [*kept, (name, args)]
    return kept, tuple(x.shape)


@st.composite
def regrouped(draw: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Sizes for a view of `shape`: neighbours merged, axes split, a hole, or a wrong number."""
    made: list[int] = []
    for n in shape:
        how = draw(st.sampled_from(["keep", "keep", "merge", "split", "one"]))
        if how == "merge" and made:
            made[-1] *= n
        elif how == "split" and n > 1:
            factor = draw(st.sampled_from([f for f in range(1, n + 1) if n % f == 0]))
            made += [factor, n // factor]
        else:
            made += [n, 1] if how == "one" else [n]
    if draw(st.booleans()) and made:
        made[draw(st.integers(0, len(made) - 1))] = -1
    if draw(st.integers(0, 3)) == 0 and made:
        made[draw(st.integers(0, len(made) - 1))] = draw(st.integers(-2, 12))
    return tuple(made)
