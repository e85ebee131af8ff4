"""Sparse tensors against torch: what is known of a shape is what torch gives, and no error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.oracle import convlint_says, torch_says

F32, I64 = torch.float32, torch.int64
MADE = "torch.sparse_coo_tensor(e, e[0].float(), (6, 6))"
HYBRID = "torch.sparse_coo_tensor(e, x[:1].T.expand(8, 3), (6, 6, 3))"

CALLS = [
    "{A}.coalesce().to_dense()",
    "{A}.to_dense() @ x.T[:6]",
    "{A}.coalesce().indices()",
    "{A}._indices() + e",
    "{A}.coalesce().values()",
    "{A}._values() * x.flatten()[:8]",
    "{A} @ x.T[:6]",
    "torch.sparse.mm({A}, x.T[:6])",
    "torch.spmm({A}, x.T[:6])",
    "torch.sparse.addmm(x[:1, :3], {A}, x.T[:6])",
    "torch.sparse.softmax({A}, 1).to_dense()",
    "torch.sparse.log_softmax({A}, dim=0).to_dense()",
    "({A} * 2).coalesce().values()",
    "{A}.t().to_dense()",
    "({A} + {A}).to_dense()",
    "({A} @ {A}).to_dense()",
    "(x @ x.T).to_sparse().to_dense()",
    "(x @ x.T).to_sparse().coalesce().indices()",
    "(x @ x.T).to_sparse(1).coalesce().indices()",
    "(x @ x.T).to_sparse(1).coalesce().values()",
    "(x @ x.T).to_sparse_csr() @ x",
    "torch.sparse_coo_tensor((3, 4)).to_dense()",
    "torch.sparse_coo_tensor(e, x.flatten()[:8]).coalesce().values()",
    "torch.sparse_coo_tensor(e, x.flatten()[:8], dtype=torch.float64)._values().shape[0] * x",
    "{A}.coalesce() if not {A}.is_coalesced() else x",
    "x if {A}.is_sparse and {A}.layout is torch.sparse_coo else None",
    "x if {A}.coalesce().is_coalesced() and not x.is_sparse else None",
    "x.new_zeros({A}._nnz(), {A}.sparse_dim())",
]


@pytest.mark.parametrize("text", CALLS)
@pytest.mark.parametrize("of", [MADE, HYBRID])
def test_sparse(text: str, of: str) -> None:
    source = text.format(A=of)

    def make() -> Callable[..., Any]:
        return eval("lambda x, e: " + source)  # type: ignore[no-any-return]

    specs = [((3, 8), F32), ((2, 8), I64)]
    answer = torch_says(make, specs, training=False)
    if isinstance(answer, Exception):
        assert of is HYBRID, answer
        return
    network, errors = convlint_says(make, specs)
    assert not errors
    assert not network.raised
    spec = network.outputs
    assert spec.dtype in (None, answer.dtype)
    if spec.shape is not None:
        assert len(spec.shape) == answer.dim()
        assert all(n == m for n, m in zip(spec.shape, answer.shape, strict=True) if type(n) is int)


def test_what_is_plain_is_known() -> None:
    def call(x: torch.Tensor, e: torch.Tensor) -> Any:
        sparse = torch.sparse_coo_tensor(e, x[:, 0], (6, 6)).coalesce()
        hybrid = torch.sparse_coo_tensor(e, x, (6, 6, 3)).coalesce()
        y = torch.sparse.mm(sparse, x[:6])
        return sparse.to_dense(), y, sparse.indices(), sparse.values(), hybrid.values()

    network, errors = convlint_says(lambda: call, [((8, 3), F32), ((2, 8), I64)])
    assert not errors
    dense, y, indices, values, parts = (str(output) for output in network.outputs)
    assert (dense, y) == ("[6, 6]", "[6, 3]")
    assert (indices, values, parts) == ("[2, ?]", "[?]", "[?, 3]")


def test_a_product_with_a_sparse_matrix_is_judged() -> None:
    def call(x: torch.Tensor, e: torch.Tensor) -> Any:
        return torch.sparse.mm(torch.sparse_coo_tensor(e, x[:, 0], (6, 6)), x)

    _, errors = convlint_says(lambda: call, [((8, 3), F32), ((2, 8), I64)])
    assert [error.code for error in errors] == ["CL303"]
