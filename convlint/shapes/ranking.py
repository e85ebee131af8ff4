"""Losses that compare two or three embeddings: ranking, cosine, triplets."""

from __future__ import annotations

from typing import Any

from torch import nn

from convlint.shapes.loss import common, how, reduced
from convlint.shapes.promotion import floating, promoted
from convlint.shapes.registry import Rejected, lowers, operator
from convlint.tensor import TensorSpec


@operator("nn.functional.margin_ranking_loss", only=True)
def margin_ranking_loss(
    input1: TensorSpec,
    input2: TensorSpec,
    target: TensorSpec,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    ranks = {t.rank for t in (input1, input2, target) if t.rank is not None}
    if len(ranks) > 1:
        raise Rejected(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1}, input2: {input2}, target: {target}"
        )
    shape = common(input1.shape, input2.shape, target.shape)
    each = TensorSpec(shape, promoted(input1, input2, target), None)
    return reduced(each, how(reduction, size_average, reduce))


@operator("nn.functional.cosine_embedding_loss", only=True)
def cosine_embedding_loss(
    input1: TensorSpec,
    input2: TensorSpec,
    target: TensorSpec,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    rank = target.rank
    if rank is not None and rank > 1:
        raise Rejected("0D or 1D target tensor expected, multi-target not supported")
    for one in (input1, input2):
        if rank is not None and one.rank is not None and one.rank != rank + 1:
            raise Rejected(
                f"{rank}D target tensor expects {rank + 1}D input tensors, but found inputs with "
                f"sizes {input1} and {input2}."
            )
    shape = common(input1.shape, input2.shape)
    shape = common(shape[:-1], target.shape) if shape else None
    each = TensorSpec(shape, promoted(input1, input2), None)
    return reduced(each, how(reduction, size_average, reduce))


def _triplet(*tensors: TensorSpec) -> TensorSpec:
    ranks = {t.rank for t in tensors if t.rank is not None}
    if len(ranks) > 1:
        raise Rejected(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: {', '.join(f'{t.rank}D' for t in tensors)} inputs"
        )
    shape = common(*(t.shape for t in tensors))
    dtype = floating(promoted(*tensors))
    return TensorSpec(None if shape is None else shape[:-1], dtype, None)


@operator("nn.functional.triplet_margin_loss", only=True)
def triplet_margin_loss(
    anchor: TensorSpec,
    positive: TensorSpec,
    negative: TensorSpec,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    if margin <= 0:
        raise Rejected(f"margin must be greater than 0, got {margin}")
    return reduced(_triplet(anchor, positive, negative), how(reduction, size_average, reduce))


@operator("nn.functional.triplet_margin_with_distance_loss", only=True)
def triplet_margin_with_distance_loss(
    anchor: TensorSpec,
    positive: TensorSpec,
    negative: TensorSpec,
    *,
    distance_function: Any = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> TensorSpec:
    each = _triplet(anchor, positive, negative)
    if distance_function is not None:
        each = TensorSpec(None, each.dtype, None)
    return reduced(each, how(reduction))


@lowers(nn.MarginRankingLoss, to="margin_ranking_loss")
@lowers(nn.CosineEmbeddingLoss, to="cosine_embedding_loss")
def _of_pairs(
    module: nn.MarginRankingLoss | nn.CosineEmbeddingLoss,
    input1: TensorSpec,
    input2: TensorSpec,
    target: TensorSpec,
) -> dict[str, Any]:
    return {
        "input1": input1,
        "input2": input2,
        "target": target,
        "reduction": module.reduction,
    }


@lowers(nn.TripletMarginLoss, to="triplet_margin_loss")
def _triplet_margin(
    module: nn.TripletMarginLoss, anchor: TensorSpec, positive: TensorSpec, negative: TensorSpec
) -> dict[str, Any]:
    return {
        "anchor": anchor,
        "positive": positive,
        "negative": negative,
        "margin": module.margin,
        "reduction": module.reduction,
    }


@lowers(nn.TripletMarginWithDistanceLoss, to="triplet_margin_with_distance_loss")
def _triplet_distance(
    module: nn.TripletMarginWithDistanceLoss,
    anchor: TensorSpec,
    positive: TensorSpec,
    negative: TensorSpec,
) -> dict[str, Any]:
    plain = type(module.distance_function) is nn.PairwiseDistance
    return {
        "anchor": anchor,
        "positive": positive,
        "negative": negative,
        "distance_function": None if plain else module.distance_function,
        "margin": module.margin,
        "reduction": module.reduction,
    }
