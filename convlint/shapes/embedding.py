"""Embeddings and one-hot vectors."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.dims import Unknown
from convlint.shapes.registry import Rejected, lowers, operator, parameter
from convlint.tensor import TensorSpec

INDICES = frozenset({torch.int64, torch.int32})


def _matrix(weight: TensorSpec, padding_idx: Any) -> None:
    """An embedding's table has two axes, and the padding index lies in it."""
    if weight.shape is None:
        return
    if len(weight.shape) != 2:
        raise Rejected("'weight' must be 2-D")
    if isinstance(padding_idx, int) and (
        weight.shape[0] <= padding_idx or weight.shape[0] < -padding_idx
    ):
        raise Rejected("Padding_idx must be within num_embeddings")


@operator("nn.functional.embedding", only=True)
def embedding(
    input: TensorSpec,
    weight: TensorSpec,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> TensorSpec:
    _matrix(weight, padding_idx)
    if input.shape is None or weight.shape is None:
        return TensorSpec(None, weight.dtype, None)
    if (
        input.dtype is not None
        and input.dtype.is_floating_point
        and input.shape
        and input.shape[-1] == weight.shape[1]
    ):
        return TensorSpec(input.shape, weight.dtype)  # already embedded
    return TensorSpec((*input.shape, weight.shape[1]), weight.dtype)


@operator("embedding", "_VF.embedding", only=True, name="native_embedding")
def native_embedding(
    weight: TensorSpec,
    indices: TensorSpec,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> TensorSpec:
    return embedding(indices, weight)  # type: ignore[no-any-return]


@operator("nn.functional.embedding_bag", only=True)
def embedding_bag(
    input: TensorSpec,
    weight: TensorSpec,
    offsets: TensorSpec | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: TensorSpec | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> TensorSpec:
    if weight.dtype in INDICES and input.dtype is not None and input.dtype.is_floating_point:
        input, weight = weight, input  # the order of old releases
    if mode not in ("sum", "mean", "max"):
        raise Rejected("mode has to be one of sum, mean or max")
    if weight.shape is not None and len(weight.shape) != 2:
        raise Rejected(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.rank}")
    _matrix(weight, padding_idx)
    if per_sample_weights is not None:
        _weighted(input, weight, per_sample_weights, mode)
    if input.shape is None or weight.shape is None:
        return TensorSpec(None, weight.dtype, None)
    if len(input.shape) == 2:
        if offsets is not None:
            raise Rejected(
                "if input is 2D, then offsets has to be None, as input is treated is a "
                "mini-batch of fixed length sequences"
            )
        return TensorSpec((input.shape[0], weight.shape[1]), weight.dtype)
    if len(input.shape) != 1:
        raise Rejected(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {len(input.shape)}"
        )
    if offsets is None:
        raise Rejected("offsets has to be a 1D Tensor but got None")
    if offsets.shape is None:
        return TensorSpec((Unknown(), weight.shape[1]), weight.dtype)
    if len(offsets.shape) != 1:
        raise Rejected("offsets has to be a 1D Tensor")
    bags = offsets.shape[0] - 1 if include_last_offset else offsets.shape[0]
    return TensorSpec((bags, weight.shape[1]), weight.dtype)


def _weighted(input: TensorSpec, weight: TensorSpec, each: TensorSpec, mode: str) -> None:
    if input.shape is not None and each.shape is not None:
        pairs = zip(input.shape, each.shape, strict=False)
        if len(input.shape) != len(each.shape) or any(a != b for a, b in pairs):
            raise Rejected(
                f"embedding_bag: If per_sample_weights ({each}) is not None, then it must have "
                f"the same shape as the input ({input})"
            )
    if mode != "sum":
        raise Rejected(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only "
            f"supported for mode='sum' (got mode='{mode}')"
        )
    if None not in (each.dtype, weight.dtype) and each.dtype != weight.dtype:
        raise Rejected(
            f"expected per_sample_weights of {weight.dtype}, the dtype of weight, "
            f"but got {each.dtype}"
        )


@operator
def one_hot(input: TensorSpec, num_classes: Any = -1) -> TensorSpec:
    if input.dtype is not None and input.dtype != torch.int64:
        raise Rejected("one_hot is only applicable to index tensor of type LongTensor.")
    if num_classes == -1 and input.numel == 0:
        raise Rejected("Can not infer total number of classes from empty tensor.")
    if isinstance(num_classes, int) and num_classes < 1 and num_classes != -1:
        raise Rejected("num_classes should be positive")
    if input.shape is None:
        return TensorSpec(None, torch.int64, None)
    classes = Unknown() if isinstance(num_classes, int) and num_classes == -1 else num_classes
    return TensorSpec((*input.shape, classes), torch.int64)


@lowers(nn.Embedding, to="embedding")
def _embedding(module: nn.Embedding, input: TensorSpec) -> dict[str, Any]:
    shape = (module.num_embeddings, module.embedding_dim)
    return {
        "input": input,
        "weight": parameter(module, "weight", shape),
        "padding_idx": module.padding_idx,
        "max_norm": module.max_norm,
    }


@lowers(nn.EmbeddingBag, to="embedding_bag")
def _embedding_bag(
    module: nn.EmbeddingBag,
    input: TensorSpec,
    offsets: TensorSpec | None = None,
    per_sample_weights: TensorSpec | None = None,
) -> dict[str, Any]:
    shape = (module.num_embeddings, module.embedding_dim)
    return {
        "input": input,
        "weight": parameter(module, "weight", shape),
        "offsets": offsets,
        "mode": module.mode,
        "per_sample_weights": per_sample_weights,
        "include_last_offset": module.include_last_offset,
        "padding_idx": module.padding_idx,
    }
