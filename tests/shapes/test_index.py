"""Indexing with tensors, assignment, gather and scatter against torch."""

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
from tests.shapes.views import axes, chain, index, legal, movers

FLOAT = torch.float32

shapes = st.lists(st.integers(1, 4), min_size=0, max_size=4).map(tuple)
small = st.lists(st.integers(1, 3), min_size=0, max_size=3).map(tuple)
zeros = small.map(lambda s: torch.zeros(s, dtype=torch.int64))
lists = st.sampled_from([[0], [0, 0], [[0], [0]], [[0, 0]], [True], [], (0, 0), range(1)])
item = st.one_of(index(), index(), zeros, zeros, lists, st.booleans())
items = (
    st.lists(item, min_size=1, max_size=4)
    .map(tuple)
    .filter(lambda where: sum(w is ... for w in where) < 2)
)


@sampled(100)
@given(shapes, movers, items, st.booleans())
def test_picks(shape: Any, steps: Any, where: Any, single: bool) -> None:
    kept, _ = legal(shape, steps)
    masks = [w for w in where if isinstance(w, bool) or w == [True]]
    if masks:
        where = tuple(w for w in where if not isinstance(w, bool) and w != [True]) or (None,)
    agree(chain(*kept, ("__getitem__", (where[0] if single else where,))), [(shape, FLOAT)])


@sampled(100)
@given(shapes, small, st.sampled_from([torch.int64, torch.int32, torch.int16, FLOAT]),
       st.integers(0, 2), st.integers(0, 2))  # fmt: skip
def test_index_from_the_network(
    shape: Any, picked: Any, dtype: Any, before: int, after: int
) -> None:
    """An index tensor without data."""
    lead, tail = (slice(None),) * before, (slice(None),) * after
    agree(lambda: lambda x, i: x[(*lead, i, *tail)], [(shape, FLOAT), (picked, dtype)])


@sampled(100)
@given(shapes, items, small | shapes, st.sampled_from([FLOAT, FLOAT, torch.int64, torch.float64]))
def test_assigns(shape: Any, where: Any, given_shape: Any, dtype: Any) -> None:
    def call(x: Any, value: Any) -> Any:
        x = x.clone()
        x[where] = value
        return x

    where = tuple(w for w in where if not isinstance(w, bool) and w != [True]) or (None,)
    agree(lambda: call, [(shape, FLOAT), (given_shape, dtype)])


@sampled(100)
@given(shapes, st.data())
def test_masks(shape: Any, data: Any) -> None:
    """A mask's sides must be those of the tensor; how many elements it picks is not known."""
    lead = data.draw(st.integers(0, len(shape)))
    mask = list(shape[lead : data.draw(st.integers(lead, len(shape)))])
    if mask and data.draw(st.booleans()):
        mask[data.draw(st.integers(0, len(mask) - 1))] = data.draw(st.integers(1, 4))
    where = (slice(None),) * lead
    specs = [(shape, FLOAT), (tuple(mask), torch.bool)]
    try:
        answer: Any = torch.zeros(shape)[(*where, torch.ones(mask, dtype=torch.bool))]
    except Exception as exc:
        answer = exc
    network, errors = convlint_says(lambda: lambda x, m: x[(*where, m)], specs)
    assert bool(errors) == isinstance(answer, Exception), (answer, errors)
    if not errors:
        made = network.outputs.shape
        assert len(made) == answer.dim()
        pairs = zip(made, answer.shape, strict=True)
        assert all(not isinstance(a, int) or a == b for a, b in pairs)


@sampled(100)
@given(shapes, shapes, axes, shapes,
       st.sampled_from(["gather", "scatter", "scatter_add", "scatter_", "value"]),
       st.sampled_from([torch.int64, torch.int64, torch.int32, FLOAT]),
       st.sampled_from([FLOAT, FLOAT, torch.float64]))  # fmt: skip
def test_gathers(
    shape: Any, picked: Any, dim: int, source: Any, name: str, kind: Any, dtype: Any
) -> None:
    specs = [(shape, FLOAT), (picked, kind), (source, dtype)]
    if name == "gather":
        agree(lambda: lambda x, i, s: x.gather(dim, i), specs)
    elif name == "value":
        agree(lambda: lambda x, i, s: x.scatter(dim, i, 1.0), specs)
    else:
        agree(lambda: lambda x, i, s: getattr(x.clone(), name)(dim, i, s), specs)


@sampled(100)
@given(shapes, st.data(), axes, st.integers(-1, 1),
       st.sampled_from(["gather", "take_along_dim", "scatter_add"]))  # fmt: skip
def test_gathers_of_one_rank(shape: Any, data: Any, dim: int, more: int, name: str) -> None:
    picked = tuple(max(1, n + data.draw(st.integers(-1, 1))) for n in shape)
    specs = [(shape, FLOAT), (picked, torch.int64), (shape, FLOAT)]
    if name == "gather":
        agree(lambda: lambda x, i, s: torch.gather(x, dim, i), specs)
    elif name == "take_along_dim":
        agree(lambda: lambda x, i, s: torch.take_along_dim(x, i, dim), specs)
    else:
        agree(lambda: lambda x, i, s: x.scatter_add(dim, i, s), specs)


@sampled(100)
@given(shapes, axes, st.lists(st.integers(1, 3), max_size=2).map(tuple), shapes,
       st.sampled_from([torch.int64, torch.int32, FLOAT]),
       st.sampled_from(["index_select", "index_add", "index_copy", "index_fill", "take"]),
       st.booleans())  # fmt: skip
def test_rows(
    shape: Any, dim: int, picked: Any, source: Any, kind: Any, name: str, fitting: bool
) -> None:
    if fitting and shape and len(picked) < 2 and -len(shape) <= dim < len(shape):
        sides = list(shape)
        sides[dim] = picked[0] if picked else 1
        source = tuple(sides)
    arguments = {
        "index_select": lambda x, i, s: x.index_select(dim, i),
        "index_add": lambda x, i, s: x.index_add(dim, i, s),
        "index_copy": lambda x, i, s: x.index_copy(dim, i, s),
        "index_fill": lambda x, i, s: x.index_fill(dim, i, 1.0),
        "take": lambda x, i, s: x.take(i),
    }
    agree(lambda: arguments[name], [(shape, FLOAT), (picked, kind), (source, FLOAT)])


@sampled(100)
@given(shapes, shapes, shapes, st.sampled_from([torch.bool, torch.bool, FLOAT]),
       st.sampled_from(["masked_fill", "where", "Tensor.where", "number"]),
       st.sampled_from([FLOAT, torch.int64]))  # fmt: skip
def test_where(one: Any, mask: Any, other: Any, kind: Any, name: str, dtype: Any) -> None:
    specs = [(one, FLOAT), (mask, kind), (other, dtype)]
    calls = {
        "masked_fill": lambda x, m, y: x.masked_fill(m, 0.0),
        "where": lambda x, m, y: torch.where(m, x, y),
        "Tensor.where": lambda x, m, y: x.where(m, y),
        "number": lambda x, m, y: torch.where(m, 1.0, x),
    }
    agree(lambda: calls[name], specs)


@sampled(50)
@given(st.permutations(range(3)), st.sampled_from([
    lambda x, i: x.masked_fill(x > 2, 0.0), lambda x, i: x.scatter(0, i, 1.0),
    lambda x, i: x.scatter_add(0, i, x), lambda x, i: x.scatter_reduce(0, i, x, "sum"),
    lambda x, i: x.index_add(0, i[0, 0, :1], x[:1]), lambda x, i: x.gather(1, i),
    lambda x, i: x.index_copy(0, i[0, 0, :1], x[:1]), lambda x, i: x.masked_scatter(x > 2, x),
    lambda x, i: x.index_fill(0, i[0, 0, :1], 1.0), lambda x, i: x.index_select(0, i[0, 0]),
    lambda x, i: x.masked_fill_(x > 2, 0.0), lambda x, i: x.scatter_(0, i, 1.0),
]))  # fmt: skip
def test_layouts(order: Any, call: Any) -> None:
    specs = [((2, 3, 4), FLOAT), ((2, 3, 4), torch.int64)]
    agree(lambda: lambda x, i: call(x.permute(order), i.permute(order)), specs)


NUMBERS = [0, 0.5, -1, 300, -129, 65504.0, -1e9, 1e39, 2**40, float("-inf"), float("nan"), True]


@sampled(100)
@given(st.sampled_from(NUMBERS),
       st.sampled_from([torch.float16, torch.bfloat16, FLOAT, torch.int64, torch.uint8,
                        torch.int8, torch.bool]),
       st.sampled_from([
           lambda x, n: x.masked_fill(x > 0, n), lambda x, n: x.clone().fill_(n),
           lambda x, n: torch.full((2,), n, dtype=x.dtype), lambda x, n: torch.full_like(x, n),
           lambda x, n: x.new_full((2,), n), lambda x, n: x.scatter(0, x.long(), n),
           lambda x, n: x.index_fill(0, x[:1].long(), n)]))  # fmt: skip
def test_numbers_that_do_not_fit(number: Any, dtype: Any, call: Any) -> None:
    agree(lambda: lambda x: call(x, number), [((3,), dtype)])


@pytest.mark.parametrize("call", [
    lambda x: x[0], lambda x: x[x[0].long()], lambda x: x.gather(0, x.long()),
    lambda x: x.scatter(0, x.long(), 1.0), lambda x: x.index_select(1, x[0, 0, :1].long()),
    lambda x: x.masked_fill(x > 0, 1.0), lambda x: torch.where(x > 0, x, 0.0),
    lambda x: x.take(x.long()), lambda x: torch.take_along_dim(x, x.long(), 0),
    lambda x: x.index_add(0, x[0, 0, :1].long(), x[:1]),
    lambda x: x.index_fill(0, x[0, 0, :1].long(), 1.0), lambda x: x.select_scatter(x[0], 0, 1),
    lambda x: x.slice_scatter(x[:2], 0, 0, 2), lambda x: x.masked_scatter(x > 0, x),
])  # fmt: skip
def test_torch_is_not_asked(call: Any) -> None:
    with patch.object(convlint.trace.mode, "ask", side_effect=AssertionError):
        agree(lambda: call, [((4, 5, 6), FLOAT)])


@pytest.mark.parametrize("call", [
    lambda x: x[x > 0], lambda x: x.masked_select(x > 0), lambda x: x.nonzero(),
    lambda x: torch.unique(x), lambda x: torch.unique(x, return_inverse=True),
    lambda x: x.unique(dim=0), lambda x: torch.unique_consecutive(x, return_counts=True),
    lambda x: x.nonzero(as_tuple=True), lambda x: torch.where(x > 0), lambda x: torch.argwhere(x),
])  # fmt: skip
def test_what_depends_on_data_is_not_known(call: Any) -> None:
    with patch.object(convlint.trace.mode, "ask", side_effect=AssertionError):
        network, errors = convlint_says(lambda: call, [((4, 5, 6), FLOAT)])
    assert not errors
    assert not network.raised
    first = network.outputs if not isinstance(network.outputs, tuple) else network.outputs[0]
    assert not first.known


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 2), (3, 0, 2), (0, 0), (3,)])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_nothing_can_be_selected_of_nothing(shape: Any, count: int) -> None:
    for dim in range(len(shape)):
        make = lambda d=dim: lambda x, index: x.index_select(d, index)  # noqa: E731
        agree(make, [(shape, FLOAT), ((count,), torch.int64)])
