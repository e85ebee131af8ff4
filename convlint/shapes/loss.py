"""Losses: a number, or one for every element or sample with reduction "none".

What target and input must have in common is said by the rule loss-mismatch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from convlint.arithmetic.broadcast import broadcast
from convlint.dims import Shape
from convlint.shapes.broadcast import elementwise
from convlint.shapes.promotion import floating, promoted
from convlint.shapes.registry import Rejected, lowers, operator, parameter
from convlint.tensor import CONTIGUOUS, TensorSpec


def how(reduction: Any, size_average: Any = None, reduce: Any = None) -> str:
    """The reduction, also where it is said in the two flags of old releases.

    Raises:
        Rejected: torch knows no such reduction.
    """
    if size_average is not None or reduce is not None:
        if reduce is False:
            return "none"
        return "sum" if size_average is False else "mean"
    if reduction not in ("none", "mean", "sum", "batchmean"):
        raise Rejected(f"{reduction} is not a valid value for reduction")
    return str(reduction)


def reduced(each: TensorSpec, reduction: str) -> TensorSpec:
    """What a reduction makes of one number for each."""
    return each if reduction == "none" else TensorSpec((), each.dtype)


def common(*shapes: Shape | None) -> Shape | None:
    """What shapes broadcast to; None where one is not known."""
    known = [s for s in shapes if s is not None]
    return broadcast(*known) if len(known) == len(shapes) else None


def _fresh(shape: Shape | None, dtype: Any, *operands: TensorSpec) -> TensorSpec:
    plain = shape is not None and all(o.strides == CONTIGUOUS for o in operands)
    return TensorSpec(shape, dtype, CONTIGUOUS if plain else None)


def _weighed(input: TensorSpec, weight: TensorSpec | None) -> None:
    if weight is None or weight.shape is None or input.shape is None:
        return
    pairs = zip(weight.shape, input.shape, strict=False)
    if len(weight.shape) != len(input.shape) or any(a != b for a, b in pairs):
        raise Rejected("Weights and input must have the same size.")


# -- one element against another


def _distance(
    input: TensorSpec,
    target: TensorSpec,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: TensorSpec | None = None,
) -> TensorSpec:
    _weighed(input, weight)
    operands = (input, target) if weight is None else (input, target, weight)
    each = elementwise(promoted(*operands), *operands)
    return reduced(each, how(reduction, size_average, reduce))


operator("nn.functional.mse_loss", only=True, name="mse_loss")(_distance)
operator("nn.functional.l1_loss", only=True, name="l1_loss")(_distance)


@operator("nn.functional.smooth_l1_loss", only=True)
def smooth_l1_loss(
    input: TensorSpec,
    target: TensorSpec,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> TensorSpec:
    if beta < 0:
        raise Rejected("smooth_l1_loss does not support negative values for beta.")
    each = elementwise(promoted(input, target), input, target)
    return reduced(each, how(reduction, size_average, reduce))


@operator("nn.functional.huber_loss", only=True)
def huber_loss(
    input: TensorSpec,
    target: TensorSpec,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: TensorSpec | None = None,
) -> TensorSpec:
    if delta <= 0:
        raise Rejected("huber_loss does not support non-positive values for delta.")
    _weighed(input, weight)
    each = _fresh(common(input.shape, target.shape), input.dtype, input, target)
    return reduced(each, how(reduction))


@operator("nn.functional.poisson_nll_loss", only=True)
def poisson_nll_loss(
    input: TensorSpec,
    target: TensorSpec,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    dtype = promoted(input, target)
    each = _fresh(common(input.shape, target.shape), floating(dtype), input, target)
    return reduced(each, how(reduction, size_average, reduce))


@operator("nn.functional.gaussian_nll_loss", only=True)
def gaussian_nll_loss(
    input: TensorSpec,
    target: TensorSpec,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> TensorSpec:
    if isinstance(var, TensorSpec) and not _is_variance(var.shape, input.shape):
        raise Rejected(f"var is of incorrect size: {var} for {input}")
    dtype = floating(promoted(*(t for t in (input, target, var) if isinstance(t, TensorSpec))))
    each = TensorSpec(common(input.shape, target.shape), dtype, None)
    return reduced(each, how(reduction))


def _is_variance(var: Shape | None, input: Shape | None) -> bool:
    """Whether torch takes it for the variances of the input: one of each, or of each row."""
    if var is None or input is None or var in (input, input[:-1]):
        return True
    if len(var) != len(input):
        return False
    return sum(b for a, b in zip(input, var, strict=True) if a != b) == 1


@operator("nn.functional.kl_div", only=True)
def kl_div(
    input: TensorSpec,
    target: TensorSpec,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> TensorSpec:
    dtype = promoted(input, target)
    each = _fresh(common(input.shape, target.shape), dtype, input, target)
    return reduced(each, how(reduction, size_average, reduce))


@operator("nn.functional.hinge_embedding_loss", only=True)
def hinge_embedding_loss(
    input: TensorSpec,
    target: TensorSpec,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    each = _fresh(common(input.shape, target.shape), input.dtype, input, target)
    return reduced(each, how(reduction, size_average, reduce))


@operator("nn.functional.soft_margin_loss", only=True)
def soft_margin_loss(
    input: TensorSpec,
    target: TensorSpec,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    each = _fresh(common(input.shape, target.shape), input.dtype, input, target)
    return reduced(each, how(reduction, size_average, reduce))


@operator("nn.functional.binary_cross_entropy", only=True)
def binary_cross_entropy(
    input: TensorSpec,
    target: TensorSpec,
    weight: TensorSpec | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    each = _fresh(input.shape, input.dtype, input)
    return reduced(each, how(reduction, size_average, reduce))


@operator("nn.functional.binary_cross_entropy_with_logits", only=True)
def binary_cross_entropy_with_logits(
    input: TensorSpec,
    target: TensorSpec,
    weight: TensorSpec | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: TensorSpec | None = None,
) -> TensorSpec:
    # It is computed in what was made for `1 - target`.
    dtype = promoted(input, target)
    if dtype is not None and target.dtype is not None and target.dtype.is_floating_point:
        dtype = target.dtype
    each = _fresh(input.shape, dtype, input, target)
    return reduced(each, how(reduction, size_average, reduce))


# -- classes


def _per_sample(input: TensorSpec) -> Shape | None:
    """The input's axes without that of the classes."""
    if input.shape is None:
        return None
    return () if len(input.shape) < 2 else (input.shape[0], *input.shape[2:])


@operator("nn.functional.cross_entropy", only=True)
def cross_entropy(
    input: TensorSpec,
    target: TensorSpec,
    weight: TensorSpec | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> TensorSpec:
    if not 0 <= label_smoothing <= 1:
        raise Rejected(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    dtype = input.dtype
    if input.shape is not None and input.shape == target.shape and target.dtype is not None:
        dtype = promoted(input, target)
    each = TensorSpec(_per_sample(input), dtype, CONTIGUOUS)
    if input.shape is None or input.strides != CONTIGUOUS:
        each = TensorSpec(each.shape, dtype, None)
    return reduced(each, how(reduction, size_average, reduce))


@operator("nn.functional.nll_loss", only=True)
def nll_loss(
    input: TensorSpec,
    target: TensorSpec,
    weight: TensorSpec | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    shape = _per_sample(input)
    each = TensorSpec(shape, input.dtype, None if shape is None else CONTIGUOUS)
    return reduced(each, how(reduction, size_average, reduce))


# -- margins


def _samples(input: TensorSpec) -> Shape | None:
    """`(N,)` of `(N, C)`, nothing of `(C,)`.

    Raises:
        Rejected: the input has neither form.
    """
    if input.shape is None:
        return None
    if len(input.shape) > 2:
        raise Rejected(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {input}"
        )
    return input.shape[:-1]


def _wants_classes(target: TensorSpec) -> None:
    if target.dtype not in (None, torch.int64):
        raise Rejected(f"the target must hold the numbers of classes, not {target.dtype}")


@operator("nn.functional.multilabel_margin_loss", only=True)
def multilabel_margin_loss(
    input: TensorSpec,
    target: TensorSpec,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    _wants_classes(target)
    shape = _samples(input)
    if target.shape is not None and input.shape is not None:
        one, other = input.shape or (1,), target.shape or (1,)
        if len(one) != len(other) or any(a != b for a, b in zip(one, other, strict=True)):
            raise Rejected(f"inconsistent target size: {target} for input of size: {input}")
    return reduced(TensorSpec(shape, input.dtype, None), how(reduction, size_average, reduce))


@operator("nn.functional.multi_margin_loss", only=True)
def multi_margin_loss(
    input: TensorSpec,
    target: TensorSpec,
    p: int = 1,
    margin: float = 1.0,
    weight: TensorSpec | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    _wants_classes(target)
    lead = _samples(input)
    if lead is not None and target.shape is not None:
        batch, other = lead or (1,), target.shape or (1,)
        if len(other) != 1 or other[0] != batch[0]:
            raise Rejected(
                "multi_margin_loss: target tensor should be 1-D with size equal to the number of "
                f"input samples (batch size). Expected target size [{batch[0]}], but got {target}"
            )
    each = TensorSpec(target.shape, input.dtype, None)
    return reduced(each, how(reduction, size_average, reduce))


@operator("nn.functional.multilabel_soft_margin_loss", only=True)
def multilabel_soft_margin_loss(
    input: TensorSpec,
    target: TensorSpec,
    weight: TensorSpec | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> TensorSpec:
    shapes = [t.shape for t in (input, target, weight) if t is not None]
    shape = common(*shapes)
    if input.shape is not None and not input.shape:
        raise Rejected("Dimension specified as -1 but tensor has no dimensions")
    classes = len(input.shape) - 1 if input.shape is not None else None
    if shape is not None and classes is not None:
        shape = (*shape[:classes], *shape[classes + 1 :])
    else:
        shape = None
    operands = [t for t in (input, target, weight) if t is not None]
    each = TensorSpec(shape, promoted(*operands), None)
    return reduced(each, how(reduction, size_average, reduce))


# -- modules


def _plain(kind: type[nn.Module], to: str, *names: str) -> None:
    """A loss module of input and target that hands its attributes on under their names."""

    @lowers(kind, to=to)
    def lower(module: nn.Module, input: TensorSpec, target: TensorSpec) -> dict[str, Any]:
        weight = parameter(module, "weight")
        given = {"weight": weight} if weight is not None else {}
        return {
            "input": input,
            "target": target,
            **given,
            **{name: getattr(module, name) for name in ("reduction", *names)},
        }


_plain(nn.MSELoss, "mse_loss")
_plain(nn.L1Loss, "l1_loss")
_plain(nn.SmoothL1Loss, "smooth_l1_loss", "beta")
_plain(nn.HuberLoss, "huber_loss", "delta")
_plain(nn.KLDivLoss, "kl_div", "log_target")
_plain(nn.PoissonNLLLoss, "poisson_nll_loss", "log_input", "full", "eps")
_plain(nn.HingeEmbeddingLoss, "hinge_embedding_loss", "margin")
_plain(nn.SoftMarginLoss, "soft_margin_loss")
_plain(nn.BCELoss, "binary_cross_entropy")
_plain(nn.CrossEntropyLoss, "cross_entropy", "ignore_index", "label_smoothing")
_plain(nn.NLLLoss, "nll_loss", "ignore_index")
_plain(nn.MultiLabelMarginLoss, "multilabel_margin_loss")
_plain(nn.MultiMarginLoss, "multi_margin_loss", "p", "margin")
_plain(nn.MultiLabelSoftMarginLoss, "multilabel_soft_margin_loss")


@lowers(nn.BCEWithLogitsLoss, to="binary_cross_entropy_with_logits")
def _bce_with_logits(
    module: nn.BCEWithLogitsLoss, input: TensorSpec, target: TensorSpec
) -> dict[str, Any]:
    return {
        "input": input,
        "target": target,
        "weight": parameter(module, "weight"),
        "pos_weight": parameter(module, "pos_weight"),
        "reduction": module.reduction,
    }


@lowers(nn.GaussianNLLLoss, to="gaussian_nll_loss")
def _gaussian(
    module: nn.GaussianNLLLoss, input: TensorSpec, target: TensorSpec, var: Any
) -> dict[str, Any]:
    return {"input": input, "target": target, "var": var, "reduction": module.reduction}
