"""Tensors out of nothing, and other dtypes, against torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import convlint.trace.mode
from convlint.shapes import find
from tests.oracle import agree, same_output
from tests.sampling import sampled
from tests.shapes.views import chain, dtypes, legal, movers, shapes

sizes = st.lists(st.integers(-1, 4), max_size=3).map(tuple)
kinds = st.sampled_from([None, torch.float32, torch.float64, torch.int64, torch.bool])
numbers = st.integers(-4, 9) | st.sampled_from([0.0, 0.5, 2.5, -1.5])


def same(call: Any, *args: Any, **kwargs: Any) -> None:
    """Assert that the shape function answers what torch gives, or refuses where torch does.

    Such calls are really computed while tracing where they are small, so it is asked directly.
    """
    op = find(call)
    assert op is not None, call
    answer = _outcome(lambda: call(*args, **kwargs))
    spec = _outcome(lambda: op.shape(**op.bind(call, args, kwargs)))
    assert isinstance(spec, Exception) == isinstance(answer, Exception), (spec, answer)
    if not isinstance(spec, Exception):
        same_output(spec, answer)


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as exc:
        return exc


@sampled(75)
@given(sizes, kinds, st.sampled_from(["zeros", "ones", "empty", "rand", "randn"]), st.booleans())
def test_sized(size: Any, dtype: Any, name: str, spread: bool) -> None:
    given_sizes = size if spread and size else (size,)
    same(getattr(torch, name), *given_sizes, **({"dtype": dtype} if dtype else {}))


@sampled(75)
@given(numbers, numbers, numbers, kinds, st.integers(1, 3))
def test_arange(start: Any, end: Any, step: Any, dtype: Any, given_numbers: int) -> None:
    if dtype is torch.bool:
        dtype = None
    arguments = (start, end, step)[:given_numbers]
    same(torch.arange, *arguments, **({"dtype": dtype} if dtype else {}))


@sampled(75)
@given(st.integers(-1, 5), st.integers(-1, 5), st.integers(-6, 6), numbers,
       st.sampled_from(["eye", "tril_indices", "triu_indices", "linspace", "logspace", "full",
                        "randint", "randperm", "scalar_tensor"]), kinds)  # fmt: skip
def test_others(n: int, m: int, offset: int, number: Any, name: str, dtype: Any) -> None:
    arguments: Any = {
        "eye": (n, m), "tril_indices": (n, m, offset), "triu_indices": (n, m, offset),
        "linspace": (offset, m, n), "logspace": (0, 1, n), "full": ((n, m), number),
        "randint": (offset, m, (abs(n),)), "randperm": (abs(n),), "scalar_tensor": (number,),
    }[name]  # fmt: skip
    if name in ("randperm", "tril_indices", "triu_indices", "randint", "logspace", "linspace"):
        dtype = None
    same(getattr(torch, name), *arguments, **({"dtype": dtype} if dtype else {}))


nested = st.recursive(
    st.integers(-3, 3) | st.booleans() | st.sampled_from([0.5, 1j]),
    lambda inner: st.integers(0, 3).flatmap(lambda n: inner.map(lambda x: [x] * n)),
    max_leaves=6,
)


@sampled(75)
@given(nested | st.lists(st.integers(0, 2) | st.floats(0, 1) | st.booleans()),
       st.sampled_from([torch.tensor, torch.as_tensor]))  # fmt: skip
def test_data(data: Any, call: Any) -> None:
    same(call, data)


@sampled(75)
@given(shapes, movers, dtypes, kinds, st.data())
def test_like_another(shape: Any, steps: Any, dtype: Any, kind: Any, data: Any) -> None:
    kept, _ = legal(shape, steps)
    before = chain(*kept)()
    wanted = {"dtype": kind} if kind else {}
    size = data.draw(sizes)
    call = data.draw(st.sampled_from([
        lambda x: torch.zeros_like(x, **wanted), lambda x: torch.ones_like(x, **wanted),
        lambda x: torch.empty_like(x), lambda x: torch.full_like(x, 1, **wanted),
        lambda x: torch.rand_like(x, **wanted), lambda x: torch.randn_like(x),
        lambda x: torch.randint_like(x, 5), lambda x: x.new_zeros(size),
        lambda x: x.new_ones(*size, **wanted) if size else x, lambda x: x.new_full(size, 1),
        lambda x: x.new_tensor([1, 2]), lambda x: x.new_empty(2, 3), lambda x: torch.tensor(x),
        lambda x: torch.as_tensor(x, dtype=kind), lambda x: torch.bernoulli(x.float()),
        lambda x: torch.normal(x.float(), 1.0), lambda x: torch.multinomial(x.float() + 1, 2),
        lambda x: x.clone().fill_(1), lambda x: x.float().clone().uniform_(),
        lambda x: x.float().clone().normal_(0, 1), lambda x: x.clone().zero_(),
    ]))  # fmt: skip
    agree(lambda: lambda x: call(before(x)), [(shape, dtype)])


@sampled(75)
@given(shapes, movers, dtypes, st.data())
def test_casts(shape: Any, steps: Any, dtype: Any, data: Any) -> None:
    kept, _ = legal(shape, steps)
    name = data.draw(st.sampled_from([
        "float", "double", "half", "bfloat16", "int", "long", "short", "char", "byte", "bool",
        "cfloat", "cdouble"]))  # fmt: skip
    to = data.draw(st.sampled_from([
        ("to", (torch.float64,)), ("to", ("cpu",)), ("to", ("cpu", torch.int32)),
        ("type", (torch.float64,)), ("type", ("torch.LongTensor",)), ("type", (torch.IntTensor,)),
        (name, ()), (name, ()), (name, ()),
    ]))  # fmt: skip
    agree(chain(*kept, to), [(shape, dtype)])
    agree(lambda: lambda x, y: chain(*kept)()(x).type_as(y), [(shape, dtype), ((), torch.float64)])


@sampled(75)
@given(shapes, movers, st.sampled_from(
    [torch.contiguous_format, torch.channels_last, torch.channels_last_3d,
     torch.preserve_format]))  # fmt: skip
def test_formats(shape: Any, steps: Any, layout: Any) -> None:
    kept, _ = legal(shape, steps)
    before = chain(*kept)()
    agree(lambda: lambda x: before(x).clone(memory_format=layout), [(shape, torch.float32)])
    agree(lambda: lambda x: before(x).to(torch.float64, memory_format=layout),
          [(shape, torch.float32)])  # fmt: skip
    agree(lambda: lambda x: torch.zeros_like(before(x), memory_format=layout),
          [(shape, torch.float32)])  # fmt: skip
    if layout is not torch.preserve_format:
        agree(lambda: lambda x: before(x).contiguous(memory_format=layout),
              [(shape, torch.float32)])  # fmt: skip


@sampled(75)
@given(st.lists(st.integers(0, 3), max_size=2).map(tuple),
       st.lists(st.integers(0, 3), max_size=2).map(tuple),
       st.sampled_from(["ij", "xy", "xx"]), dtypes)  # fmt: skip
def test_grids(one: Any, other: Any, indexing: str, dtype: Any) -> None:
    specs = [(one, torch.float32), (other, dtype)]
    agree(lambda: lambda x, y: torch.meshgrid(x, y, indexing=indexing), specs)
    agree(lambda: torch.cartesian_prod, specs)
    agree(lambda: lambda x, y: torch.combinations(x, 2), specs)
    agree(lambda: lambda x, y: x.clone().copy_(y), specs)


@pytest.mark.parametrize("call", [
    lambda x: torch.zeros(x.size(0), 300, 300), lambda x: torch.rand(x.shape),
    lambda x: torch.arange(50000), lambda x: torch.eye(300), lambda x: torch.full((300, 300), 1),
    lambda x: torch.linspace(0, 1, 50000), lambda x: torch.randint(5, (3,)),
    lambda x: torch.randperm(5), lambda x: torch.tensor(x.shape), lambda x: torch.zeros_like(x),
    lambda x: x.new_zeros(3, 3), lambda x: torch.meshgrid(x[0, 0], x[0, 0], indexing="ij"),
    lambda x: x.half(), lambda x: x.to(torch.int64), lambda x: x.type_as(x.long()),
    lambda x: torch.normal(0.0, 1.0, (2, 2)), lambda x: torch.tril_indices(300, 300),
])  # fmt: skip
def test_torch_is_not_asked(call: Any) -> None:
    with patch.object(convlint.trace.mode, "ask", side_effect=AssertionError):
        agree(lambda: call, [((4, 5, 6), torch.float32)])
