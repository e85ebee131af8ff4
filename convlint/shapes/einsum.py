"""einsum; the rule einsum-mismatch says where letters have several sizes."""

from __future__ import annotations

from typing import Any

from convlint.arithmetic.einsum import EquationError, parse, result
from convlint.shapes.registry import Rejected, operator
from convlint.tensor import CONTIGUOUS, TensorSpec


@operator(variadic="operands")
def einsum(equation: Any, operands: tuple[Any, ...]) -> TensorSpec:
    if not isinstance(equation, str):  # einsum(x, [0, 1], y, [1, 2], [0, 2])
        return _sublists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    for place, operand in enumerate(operands):
        if operand is None:  # the weights that attention was not asked for
            raise Rejected(f"expected Tensor as element {place} in argument 1, but got NoneType")
    tensors = [o for o in operands if isinstance(o, TensorSpec)]
    dtype = tensors[0].dtype if tensors else None
    if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
        dtype = None  # small integers and bools become int64 where a letter is only summed
    if any(t.dtype is not dtype for t in tensors):
        dtype = None
    shapes = tuple(t.shape for t in tensors if t.shape is not None)
    if len(shapes) != len(operands):
        return TensorSpec(None, dtype, None)
    try:
        parsed = parse(equation)
    except EquationError:
        return TensorSpec(None, dtype, None)
    if len(parsed.operands) != len(shapes):
        return TensorSpec(None, dtype, None)
    made = result(parsed, shapes)
    # torch permutes, so that the result need not be contiguous
    return TensorSpec(made, dtype, CONTIGUOUS if made == () else None)


def _sublists(operands: tuple[Any, ...]) -> TensorSpec:
    equation = sublist_equation(operands)
    tensors = tuple(o for o in operands[0::2] if isinstance(o, TensorSpec))
    if equation is None:
        return TensorSpec(None, tensors[0].dtype if tensors else None, None)
    return einsum(equation, tensors)  # type: ignore[no-any-return]


def sublist_equation(operands: tuple[Any, ...]) -> str | None:
    """`einsum(x, [0, 1], y, [1, 2], [0, 2])` as an equation."""
    terms = [o for o in operands if not isinstance(o, TensorSpec)]
    if not all(isinstance(term, (list, tuple)) for term in terms):
        return None
    written = ["".join(_letter(i) for i in term) for term in terms]
    if len(operands) % 2:
        return ",".join(written[:-1]) + "->" + written[-1]
    return ",".join(written)


def _letter(index: Any) -> str:
    if index is Ellipsis:
        return "..."
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[index]
