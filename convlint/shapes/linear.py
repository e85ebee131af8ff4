"""Linear and bilinear layers.

Formula: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
"""

from __future__ import annotations

from typing import Any

from torch import nn

from convlint.dims import Dim, Shape, product
from convlint.shapes.registry import Rejected, lowers, operator, parameter
from convlint.tensor import TensorSpec

_MERGES = frozenset({"flatten", "view", "reshape"})


def rows(input: TensorSpec, features: Dim) -> Shape | None:
    """The axes before the features, as they are once the input has been mended.

    Where the last axis has another size than `features` but the axes behind some other one
    together hold that many, a flatten is missing there.  What a wrong flatten or view had
    merged is looked at as it was before.
    """
    shape = input.shape
    assert shape is not None
    mismatch = shape[-1] != features
    if not mismatch:
        return shape[:-1]
    found = _ahead(shape, features)
    if found is not None:
        return found
    merged = input.source
    if merged is not None and merged.op in _MERGES and merged.tensors:
        before = merged.tensors[0].shape
        if before is not None:
            if product(before) == features:
                return (1,)
            found = _ahead(before, features)
            if found is not None:
                return found
    if any(n == features for n in shape[1:-1]):
        return None  # the features are on another axis: transposed, pooled or flattened
    return shape[:1] if len(shape) == 4 else shape[:-1]


def _ahead(shape: Shape, features: Dim) -> Shape | None:
    """The axes ahead of those that together hold `features` elements."""
    for start in range(len(shape) - 1, 0, -1):
        if product(shape[start:]) == features:
            return shape[:start]
    return None


@operator
def linear(input: TensorSpec, weight: TensorSpec, bias: TensorSpec | None = None) -> TensorSpec:
    if weight.shape is None:
        return TensorSpec(None, weight.dtype, None)
    if input.shape is not None and not input.shape:
        raise Rejected(
            "both arguments to linear need to be at least 1D, but they are 0D and "
            f"{len(weight.shape)}D"
        )
    if len(weight.shape) not in (1, 2):
        raise Rejected(f"linear: weight must have 1 or 2 dimensions, got {len(weight.shape)}")
    vectors = len(weight.shape) == 1 and input.rank in (1, None)
    if bias is not None and len(weight.shape) == 1 and not (vectors and not bias.shape):
        if input.rank is not None and input.rank > 2:  # some of torch's paths take it
            return TensorSpec(None, weight.dtype, None)
        raise Rejected("mat2 must be a matrix, got 1-D tensor")
    if input.shape is None:
        return TensorSpec(None, weight.dtype, None)
    ahead = rows(input, weight.shape[-1])
    if ahead is None:
        return TensorSpec(None, weight.dtype, None)
    out = (*ahead, *weight.shape[:-1])
    if bias is not None and bias.shape:
        _added(bias.shape, out)
    if vectors and bias is not None and bias.dtype != weight.dtype:
        return TensorSpec(out)
    return TensorSpec(out, weight.dtype)


def _added(bias: Shape, out: Shape) -> None:
    """The bias must broadcast to the output, folded to a matrix.

    Raises:
        Rejected: it does not.
    """
    target = (product(out[:-1]), out[-1])
    fits = len(bias) <= len(target)
    for b, n in zip(reversed(bias), reversed(target), strict=False):
        if b != n and b != 1:
            fits = False
    if not fits:
        raise Rejected(
            f"the bias of shape {list(bias)} does not broadcast to the output {list(out)}"
        )


@operator
def bilinear(
    input1: TensorSpec, input2: TensorSpec, weight: TensorSpec, bias: TensorSpec | None = None
) -> TensorSpec:
    if weight.shape is not None and len(weight.shape) != 3:
        raise Rejected(f"bilinear(): weight must have 3 dimensions, got {len(weight.shape)}")
    one, two = input1.shape, input2.shape
    if one is None or two is None or weight.shape is None:
        return TensorSpec(None, weight.dtype, None)
    if len(one) != len(two):
        raise Rejected(f"bilinear(): input dimensions do not match: got {len(one)} and {len(two)}")
    if not one:
        raise Rejected("Dimension specified as -1 but tensor has no dimensions")
    for at, (a, b) in enumerate(zip(one[:-1], two[:-1], strict=True)):
        if a != b:
            raise Rejected(
                f"bilinear(): input batch dimensions do not match at dim {at}: got {a} and {b}"
            )
    given = bias.shape if bias is not None else None
    if given is not None and (not given or given[0] != weight.shape[0]):
        raise Rejected(
            f"bilinear(): bias size does not match weight size: got {bias} "
            f"but expected {weight.shape[0]}"
        )
    return TensorSpec((*one[:-1], weight.shape[0]), weight.dtype)


@lowers(nn.Linear, nn.LazyLinear, to="linear")
def _linear(module: nn.Linear, input: TensorSpec) -> dict[str, Any]:
    shape = (module.out_features, module.in_features)
    return {
        "input": input,
        "weight": parameter(module, "weight", shape),
        "bias": parameter(module, "bias", shape[:1]),
    }


@lowers(nn.Bilinear, to="bilinear")
def _bilinear(module: nn.Bilinear, input1: TensorSpec, input2: TensorSpec) -> dict[str, Any]:
    shape = (module.out_features, module.in1_features, module.in2_features)
    return {
        "input1": input1,
        "input2": input2,
        "weight": parameter(module, "weight", shape),
        "bias": parameter(module, "bias", shape[:1]),
    }
