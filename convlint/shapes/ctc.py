"""The loss of connectionist temporal classification: texts without an alignment."""

from __future__ import annotations

from typing import Any

from torch import nn

from convlint.dims import product
from convlint.shapes.loss import how, reduced
from convlint.shapes.registry import Rejected, lowers, operator
from convlint.tensor import TensorSpec


@operator("nn.functional.ctc_loss", only=True)
def ctc_loss(
    log_probs: TensorSpec,
    targets: TensorSpec,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> TensorSpec:
    shape = log_probs.shape
    if shape is not None and len(shape) not in (2, 3):
        raise Rejected(f"log_probs must be a 2-D or 3-D tensor, got {len(shape)}-D")
    if shape is not None and isinstance(blank, int) and not 0 <= blank < _bound(shape[-1]):
        raise Rejected("blank must be in label range")
    given = targets.shape
    if given is not None and len(given) not in (1, 2):
        raise Rejected(f"targets must have 1 or 2 dimensions, but they are {targets}")
    batch = None if shape is None else shape[1] if len(shape) == 3 else 1
    if batch is not None and given is not None and len(given) == 2 and given[0] != batch:
        raise Rejected(
            f"log_probs (T, N, C) of {log_probs} have a batch of {batch}, but targets are {targets}"
        )
    for name, lengths in (("input_lengths", input_lengths), ("target_lengths", target_lengths)):
        if type(lengths) is int:
            raise Rejected(f"{name} must be a tensor or a tuple of ints, not int")
        count = _count(lengths)
        if batch is not None and count is not None and count != batch:
            raise Rejected(f"{name} must be of size batch_size")
    if isinstance(input_lengths, TensorSpec) is not isinstance(target_lengths, TensorSpec):
        raise Rejected("input_lengths and target_lengths must both be tensors, or both tuples")
    each = None if shape is None else shape[1:-1]
    return reduced(TensorSpec(each, log_probs.dtype, None), how(reduction))


def _bound(size: Any) -> Any:
    return size if isinstance(size, int) else float("inf")


def _count(lengths: Any) -> Any:
    if isinstance(lengths, TensorSpec):
        return None if lengths.shape is None else product(lengths.shape)  # however they lie
    return len(lengths) if isinstance(lengths, (tuple, list)) else None


@lowers(nn.CTCLoss, to="ctc_loss")
def _ctc(
    module: nn.CTCLoss,
    log_probs: TensorSpec,
    targets: TensorSpec,
    input_lengths: Any,
    target_lengths: Any,
) -> dict[str, Any]:
    return {
        "log_probs": log_probs,
        "targets": targets,
        "input_lengths": input_lengths,
        "target_lengths": target_lengths,
        "blank": module.blank,
        "reduction": module.reduction,
    }
