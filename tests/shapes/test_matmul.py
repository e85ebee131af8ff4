"""Products of matrices, einsum and linear algebra against torch."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests import oracle
from tests.oracle import convlint_says
from tests.shapes.operands import SEARCH, Operand, agree, operands

DTYPES = [torch.float32] * 9 + [torch.float64, torch.int64, torch.bool, torch.complex64]
size = st.integers(1, 4)


@st.composite
def products(draw: st.DrawFn, first: int, second: int, batches: int = 0) -> list[Operand]:
    """Two operands of about these ranks, whose inner sizes mostly fit."""
    dtype = draw(st.sampled_from(DTYPES))
    inner = draw(size)
    other = inner if draw(st.integers(0, 4)) else inner + 1
    lead = [draw(size) for _ in range(batches)]
    near = [n if draw(st.integers(0, 4)) else draw(st.sampled_from([1, n + 1])) for n in lead]
    one = [*lead, *(draw(size) for _ in range(first - 1)), inner] if first else []
    two = [*near[draw(st.integers(0, 1)) if batches > 1 else 0 :], other]
    two = [*two, draw(size)] if second > 1 else two if second else []
    if not draw(st.integers(0, 9)):
        one = [1, *one]
    later = dtype if draw(st.integers(0, 9)) else draw(st.sampled_from(DTYPES))
    return [draw(operands([dtype], tuple(one))), draw(operands([later], tuple(two)))]


@SEARCH
@given(st.data(), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.booleans())
def test_matmul(data: Any, first: int, second: int, batches: int, method: bool) -> None:
    given = data.draw(products(first, second, batches if first == second == 2 else 0))
    agree(torch.Tensor.matmul if method else lambda a, b: a @ b, given)


FIXED = {
    "mm": (2, 2, 0), "bmm": (2, 2, 1), "mv": (2, 1, 0), "dot": (1, 1, 0), "inner": (2, 1, 0),
    "outer": (1, 1, 0), "vdot": (1, 1, 0), "cdist": (2, 2, 1),
}  # fmt: skip


@SEARCH
@given(st.data(), st.sampled_from(sorted(FIXED)))
def test_of_one_rank(data: Any, name: str) -> None:
    agree(getattr(torch, name), data.draw(products(*FIXED[name])))


@SEARCH
@given(st.data())
def test_inner_sizes_are_told(data: Any) -> None:
    x = data.draw(operands([torch.float32], (data.draw(size), data.draw(size))))
    y = data.draw(operands([torch.float32], (data.draw(size), data.draw(size))))
    agree(torch.mm, [x, y], rule="CL303")


@SEARCH
@given(st.data(), st.sampled_from(["addmm", "baddbmm", "addbmm", "addmv", "addr"]))
def test_with_an_addend(data: Any, name: str) -> None:
    ranks = {"addmm": (2, 2, 0), "baddbmm": (2, 2, 1), "addbmm": (2, 2, 1), "addmv": (2, 1, 0)}
    given = data.draw(products(*ranks.get(name, (1, 1, 0))))
    sizes = [1, 0, given[0].shape[-1], given[1].shape[-1], *given[0].shape[:1]]
    shape = data.draw(st.lists(st.sampled_from(sizes), max_size=3).map(tuple))
    addend = data.draw(operands([given[0].dtype], shape))
    agree(getattr(torch, name), [addend, *given])


@st.composite
def equations(draw: st.DrawFn) -> tuple[str, list[Operand]]:
    """An equation and operands that mostly fit it."""
    sizes = {letter: draw(size) for letter in "bijkl"}
    under = [draw(size) for _ in range(draw(st.integers(0, 2)))]
    term = st.lists(st.sampled_from("bijkl"), max_size=3)
    terms = draw(st.lists(term, min_size=1, max_size=3))
    dots = draw(st.integers(0, 3)) == 0
    result = draw(st.lists(st.sampled_from("bijkl"), unique=True, max_size=3))
    if draw(st.integers(0, 5)):
        result = [x for x in result if any(x in t for t in terms)]
    written, given = [], []
    dtype = draw(st.sampled_from([torch.float32, torch.float32, torch.float64, torch.int64]))
    for letters in terms:
        at = draw(st.integers(0, len(letters))) if dots else -1
        shape = [sizes[x] if draw(st.integers(0, 14)) else sizes[x] + 1 for x in letters]
        text = "".join(letters)
        if dots:
            shape[at:at] = under if draw(st.integers(0, 4)) else under[1:]
            text = text[:at] + "..." + text[at:]
        if not draw(st.integers(0, 19)):
            shape.append(2)
        written.append(text)
        given.append(draw(operands([dtype], tuple(shape))))
    right = ("..." if dots and draw(st.booleans()) else "") + "".join(result)
    arrow = f"->{right}" if draw(st.booleans()) else ""
    return ",".join(written) + arrow, given


@SEARCH
@given(equations(), st.booleans())
def test_einsum(drawn: Any, as_list: bool) -> None:
    equation, given = drawn
    if as_list:
        agree(lambda *x: torch.einsum(equation, list(x)), given, rule="CL304")
    else:
        agree(lambda *x: torch.einsum(equation, *x), given, rule="CL304")


@SEARCH
@given(st.data(), st.integers(0, 3))
def test_tensordot(data: Any, count: int) -> None:
    x = data.draw(operands([torch.float32]))
    shape = list(data.draw(operands([torch.float32])).shape)
    if data.draw(st.booleans()) and count <= min(len(shape), len(x.shape)):
        shape[:count] = x.shape[len(x.shape) - count :]
    y = data.draw(operands([torch.float32], tuple(shape)))
    pairs = st.lists(st.integers(-3, 3), max_size=2)
    dims: Any = data.draw(st.just(count) | st.tuples(pairs, pairs))
    agree(lambda a, b: torch.tensordot(a, b, dims=dims), [x, y])


LINEAR = [
    "linalg.pinv", "linalg.det", "linalg.slogdet", "linalg.svd", "linalg.svdvals",
    "linalg.qr", "linalg.eigh", "linalg.eigvalsh", "linalg.eigvals", "linalg.matrix_rank",
    "linalg.matrix_exp", "det", "logdet", "slogdet", "svd", "qr", "trace", "linalg.inv",
]  # fmt: skip


@SEARCH
@given(st.sampled_from(LINEAR), st.data())
def test_linear_algebra(name: str, data: Any) -> None:
    function: Any = torch
    for part in name.split("."):
        function = getattr(function, part)
    n = data.draw(size)
    shape = data.draw(st.sampled_from([(n, n), (n, n), (2, n, n), (n, n + 1), (2, n + 1, n), (n,)]))
    x = Operand(shape, data.draw(st.sampled_from([torch.float32, torch.float32, torch.int64])),
                tuple(range(len(shape))))  # fmt: skip

    def regular(t: Any) -> Any:
        if t.dim() < 2:
            return function(t)
        return function(t * 0 + torch.eye(t.shape[-2], t.shape[-1], dtype=t.dtype))

    agree(regular, [x])


def test_answered_without_torch() -> None:
    def call(x: Any, y: Any) -> Any:
        return x @ y.mT, torch.bmm(x, y.mT), torch.einsum("bld,bmd->blm", x, y), x.norm()

    with patch("convlint.trace.mode.ask", side_effect=AssertionError("torch was asked")):
        specs = [((2, 5, 8), torch.float32), ((2, 7, 8), torch.float32)]
        network, errors = convlint_says(lambda: call, specs)
    assert not errors
    assert network.outputs[2].shape == (2, 5, 7)


@pytest.mark.parametrize("second", [True, False])
def test_einsum_takes_a_list(second: bool) -> None:
    """A list of operands; what attention gives is none where nobody asked for its weights."""
    make = lambda: lambda x: torch.einsum("ij,jk->ik", [x, x if second else None])  # noqa: E731
    oracle.agree(make, [((3, 3), torch.float32)])
