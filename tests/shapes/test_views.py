"""Axes moved, stretched, picked and cut: each call against torch, behind a few moves."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import convlint.trace.mode
from convlint.judge import judge
from convlint.tensor import TensorSpec
from convlint.trace import trace
from tests.oracle import agree
from tests.sampling import sampled
from tests.shapes.views import axes, chain, dtypes, indices, legal, movers, near, numbers, shapes
from tests.silent.networks import Step

orders = st.lists(axes, min_size=1, max_size=4).map(tuple)
some = st.lists(near, min_size=1, max_size=3).map(tuple)
counts = st.lists(st.sampled_from([-1, 0, 1, 1, 2, 3]), min_size=1, max_size=5).map(tuple)

moved = st.one_of(
    st.tuples(st.just("permute"), orders),
    st.tuples(st.sampled_from(["transpose", "swapaxes", "swapdims"]), st.tuples(axes, axes)),
    st.tuples(st.sampled_from(["movedim", "moveaxis"]), st.tuples(axes, axes)),
    st.tuples(st.sampled_from(["movedim", "moveaxis"]), st.tuples(some, some)),
    st.sampled_from([("t", ()), ("adjoint", ())]),
    st.tuples(st.just("transpose_"), st.tuples(axes, axes)),
    st.tuples(st.just("swapdims_"), st.tuples(axes, axes)),
)
stretched = st.one_of(
    st.tuples(st.sampled_from(["expand", "repeat", "tile"]), counts),
    st.tuples(st.just("broadcast_to"), st.tuples(counts) | counts),
    st.tuples(st.just("repeat_interleave"), st.tuples(st.integers(-1, 3)) | st.tuples(
        st.integers(-1, 3), axes)),
)  # fmt: skip
sections = st.integers(-1, 4) | st.lists(st.integers(-1, 5), max_size=3)
cut = st.one_of(
    st.tuples(st.sampled_from(["split", "unsafe_split"]), st.tuples(sections, axes)),
    st.tuples(st.just("split_with_sizes"), st.tuples(st.lists(st.integers(0, 4)), axes)),
    st.tuples(st.sampled_from(["chunk", "unsafe_chunk"]), st.tuples(st.integers(-1, 5), axes)),
    st.tuples(st.just("tensor_split"), st.tuples(
        st.integers(-1, 4) | st.lists(numbers, max_size=3).map(tuple), axes)),
    st.tuples(st.sampled_from(["hsplit", "vsplit", "dsplit"]), st.tuples(st.integers(1, 4))),
    st.tuples(st.just("unbind"), st.tuples(axes)),
)  # fmt: skip
picked = st.one_of(
    st.tuples(st.just("__getitem__"), st.tuples(indices)),
    st.tuples(st.just("__getitem__"), st.tuples(indices.map(lambda i: i[0]))),
    st.tuples(st.just("select"), st.tuples(axes, numbers)),
    st.tuples(st.just("narrow"), st.tuples(axes, numbers, st.integers(-1, 4))),
)
turned = st.one_of(
    st.tuples(st.just("roll"), st.tuples(near) | st.tuples(near, axes) | st.tuples(some, some)),
    st.tuples(st.just("flip"), some),
    st.sampled_from([("fliplr", ()), ("flipud", ()), ("diag", ()), ("diagflat", ())]),
    st.tuples(st.just("rot90"), st.tuples(near, st.tuples(near, near))),
    st.tuples(st.just("unfold"), st.tuples(axes, st.integers(-1, 4), st.integers(0, 3))),
    st.tuples(st.just("diagonal"), st.tuples(numbers, axes, axes)),
    st.tuples(st.just("diag"), st.tuples(numbers)),
    st.tuples(st.just("diag_embed"), st.tuples(near, near, near)),
    st.tuples(st.sampled_from(["tril", "triu"]), st.tuples(near)),
)


def check(shape: Any, steps: Any, last: Any, dtype: torch.dtype = torch.float32) -> None:
    kept, _ = legal(shape, steps)
    agree(chain(*kept, last), [(shape, dtype)])


@sampled(100)
@given(shapes, movers, moved)
def test_moved(shape: Any, steps: Any, last: Any) -> None:
    check(shape, steps, last)


@sampled(100)
@given(shapes, movers, stretched)
def test_stretched(shape: Any, steps: Any, last: Any) -> None:
    sizes = last[1][0] if last[1] and isinstance(last[1][0], tuple) else last[1]
    if not legal(shape, steps)[1] and 0 in sizes and -1 in sizes:
        return  # torch makes a tensor with a side of -1
    check(shape, steps, last)


@sampled(100)
@given(shapes, movers, cut)
def test_cut(shape: Any, steps: Any, last: Any) -> None:
    check(shape, steps, last)


@sampled(100)
@given(shapes, movers, picked, dtypes)
def test_picked(shape: Any, steps: Any, last: Any, dtype: Any) -> None:
    check(shape, steps, last, dtype)


@sampled(100)
@given(shapes, movers, turned)
def test_turned(shape: Any, steps: Any, last: Any) -> None:
    check(shape, steps, last)


@sampled(100)
@given(shapes, movers, st.sampled_from(["T", "mT", "H", "mH"]))
def test_getters(shape: Any, steps: Any, name: str) -> None:
    kept, _ = legal(shape, steps)
    before = chain(*kept)()
    agree(lambda: lambda x: getattr(before(x), name), [(shape, torch.float32)])


@sampled(100)
@given(shapes, shapes, st.sampled_from(["expand_as", "broadcast_tensors"]))
def test_two(one: Any, other: Any, name: str) -> None:
    if name == "expand_as":
        agree(lambda: lambda x, y: x.expand_as(y), [(one, torch.float32), (other, torch.float32)])
    else:
        agree(lambda: torch.broadcast_tensors, [(one, torch.float32), (other, torch.float32)])


@sampled(100)
@given(shapes, st.lists(st.integers(0, 5), max_size=4), st.lists(st.integers(0, 9), max_size=4))
def test_as_strided(shape: Any, size: Any, stride: Any) -> None:
    reach = sum((n - 1) * step for n, step in zip(size, stride, strict=False))
    if reach >= torch.zeros(shape).numel():
        return  # outside the storage, whose size is not followed
    agree(lambda: lambda x: x.as_strided(size, stride), [(shape, torch.float32)])


def test_torch_is_not_asked() -> None:
    calls = [
        lambda x: x.permute(2, 0, 1), lambda x: x.T, lambda x: x.mT, lambda x: x.movedim(0, 1),
        lambda x: x.expand(2, 4, 5, 6), lambda x: x.repeat(1, 1, 2), lambda x: x.tile(2),
        lambda x: x.split(2), lambda x: x.chunk(2, 1), lambda x: x.unbind(1), lambda x: x[0],
        lambda x: x[..., ::2], lambda x: x.select(0, 1), lambda x: x.narrow(0, 1, 2),
        lambda x: x.roll(1), lambda x: x.flip(0), lambda x: x.unfold(1, 2, 1),
        lambda x: x.diagonal(), lambda x: x.tril(), lambda x: torch.rot90(x),
        lambda x: x.repeat_interleave(2, 0), lambda x: torch.hsplit(x, 5),
        lambda x: torch.tensor_split(x, 2), lambda x: torch.broadcast_tensors(x, x[0]),
        lambda x: x.as_strided((2, 3), (1, 2)), lambda x: list(x),
    ]  # fmt: skip
    with patch.object(convlint.trace.mode, "ask", side_effect=AssertionError):
        for call in calls:
            agree(lambda call=call: call, [((4, 5, 6), torch.float32)])


@pytest.mark.parametrize("index", [1, [1], 1.0, [1, 1], True])
@pytest.mark.parametrize(
    "call",
    [
        lambda x, t: x.permute(0, 2, t),
        lambda x, t: x.movedim((0, 1), (1, t)),
        lambda x, t: x.sum((0, t)),
        lambda x, t: x.flip((2, t)),
        lambda x, t: x.squeeze((2, t)),
    ],
)
def test_axes_in_tensors(call: Any, index: Any) -> None:
    """An integer, or a boolean, of any shape with one element names an axis, no one knows which."""
    held = torch.tensor(index)
    network = trace(Step(lambda x: call(x, held), ""), [TensorSpec((2, 3, 4), torch.float32)])
    told = [found.message for found in judge(network) if found.severity == "error"]
    try:
        answer = call(torch.zeros(2, 3, 4), held)
    except TypeError:
        assert told
    except RuntimeError:  # it is named twice
        assert not told
    else:
        assert not told
        made = network.outputs.shape
        pairs = zip(made or answer.shape, answer.shape, strict=True)
        assert all(n == m for n, m in pairs if isinstance(n, int))
