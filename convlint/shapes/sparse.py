"""Sparse tensors: https://docs.pytorch.org/docs/stable/sparse.html

They have the shapes of dense ones; how many elements they hold is known by the data alone.
"""

from __future__ import annotations

from typing import Any

import torch

from convlint.dims import Dim, Unknown
from convlint.shapes.axes import sizes
from convlint.shapes.registry import operator
from convlint.tensor import TensorSpec


@operator
def sparse_coo_tensor(
    indices: Any = None, values: Any = None, size: Any = None, dtype: Any = None,
    check_invariants: Any = None, is_coalesced: Any = None,
) -> TensorSpec:  # fmt: skip
    if values is None:  # an empty one of this size
        given = indices if size is None else size
        return TensorSpec(sizes(given), dtype or torch.get_default_dtype(), None)
    held = values if isinstance(values, TensorSpec) else TensorSpec(None, None, None)
    found = dtype or held.dtype
    if size is not None:
        return TensorSpec(sizes(size), found, None)
    axes = _rows(indices)
    if axes is None or held.shape is None:
        return TensorSpec(None, found, None)
    return TensorSpec((*(Unknown() for _ in range(axes)), *held.shape[1:]), found, None)


def _rows(indices: Any) -> int | None:
    """How many axes are indexed."""
    if not isinstance(indices, TensorSpec) or not indices.shape:
        return None
    return indices.shape[0] if isinstance(indices.shape[0], int) else None


@operator
def coalesce(input: TensorSpec) -> TensorSpec:
    return TensorSpec(input.shape, input.dtype, None)


@operator
def to_sparse(
    input: TensorSpec, sparse_dim: Any = None, layout: Any = None, blocksize: Any = None,
    dense_dim: Any = None,
) -> TensorSpec:  # fmt: skip
    return TensorSpec(input.shape, input.dtype, None)


@operator("Tensor.to_sparse_csc")
def to_sparse_csr(input: TensorSpec, dense_dim: Any = None) -> TensorSpec:
    return TensorSpec(input.shape, input.dtype, None)


@operator("Tensor.to_sparse_bsc")
def to_sparse_bsr(input: TensorSpec, blocksize: Any = None, dense_dim: Any = None) -> TensorSpec:
    return TensorSpec(input.shape, input.dtype, None)


@operator
def to_dense(input: TensorSpec, dtype: Any = None, masked_grad: Any = None) -> TensorSpec:
    return TensorSpec(input.shape, dtype or input.dtype, input.strides)


@operator("sparse.log_softmax", "sparse.softmax", only=True)
def sparse_softmax(input: TensorSpec, dim: Any = None, dtype: Any = None) -> TensorSpec:
    return TensorSpec(input.shape, dtype or input.dtype, None)


@operator("Tensor._indices")
def indices(input: TensorSpec) -> TensorSpec:
    axes = _indexed(input)
    rows: Dim = Unknown(len(input.shape or (1,))) if axes is None else axes
    return TensorSpec((rows, Unknown()), torch.int64, None)


@operator("Tensor._values")
def values(input: TensorSpec) -> TensorSpec:
    axes = _indexed(input)
    if axes is None or input.shape is None:
        return TensorSpec(None, input.dtype, None)
    return TensorSpec((Unknown(), *input.shape[axes:]), input.dtype, None)


def _indexed(input: TensorSpec) -> int | None:
    """How many axes of a sparse tensor are indexed, by what made it."""
    layer = input.source
    while layer is not None and layer.op == "coalesce":
        layer = layer.args["input"].source
    if layer is None or input.shape is None:
        return None
    if layer.op == "sparse_coo_tensor":
        return _rows(layer.args["indices"])
    dense = (layer.args.get("sparse_dim"), layer.args.get("dense_dim"))
    return len(input.shape) if layer.op == "to_sparse" and dense == (None, None) else None
