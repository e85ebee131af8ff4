"""How elements lie in memory: strides of views and copies, exactly as torch computes them.

Everything answers None where strides are not known; that is always safe.
"""

from __future__ import annotations

from collections.abc import Sequence

from convlint.dims import Dim, Shape, guess, known, product
from convlint.tensor import CONTIGUOUS, Strides, TensorSpec


def rows(shape: Sequence[Dim]) -> tuple[Dim, ...]:
    """The strides of a row-major tensor."""
    strides: list[Dim] = []
    step: Dim = 1
    for n in reversed(shape):
        strides.append(step)
        step = step * n if not (isinstance(n, int) and n == 0) else step
    return tuple(reversed(strides))


def named(shape: Sequence[Dim], strides: Sequence[Dim] | None) -> Strides:
    """`strides`, by the name `CONTIGUOUS` where they are the row-major ones."""
    if strides is None:
        return None
    given = tuple(strides)
    return CONTIGUOUS if given == rows(shape) else given


def view(input: TensorSpec, shape: Sequence[Dim], strides: Sequence[Dim] | None) -> TensorSpec:
    """A view of `input`."""
    return TensorSpec(tuple(shape), input.dtype, named(shape, strides))


def contiguous(tensor: TensorSpec) -> bool | None:
    """Whether the elements lie in row-major order without gaps; None where not known."""
    if isinstance(tensor.strides, str):
        return True
    if tensor.strides is None or tensor.shape is None:
        return None
    expected: Dim = 1
    if any(isinstance(n, int) and n == 0 for n in tensor.shape):
        return True
    for n, stride in zip(reversed(tensor.shape), reversed(tensor.strides), strict=True):
        if isinstance(n, int) and n == 1:
            continue
        if not isinstance(n, int) or not known(stride, expected):
            return None
        if stride != expected:
            return False
        expected = expected * n
    return True


def dense(tensor: TensorSpec) -> bool | None:
    """Whether the elements fill their memory without gap or overlap; None where not known."""
    if isinstance(tensor.strides, str):
        return True
    if tensor.strides is None or tensor.shape is None or not known(*tensor.shape, *tensor.strides):
        return None
    expected = 1
    pairs = sorted(
        (guess(s), guess(n)) for n, s in zip(tensor.shape, tensor.strides, strict=True) if n != 1
    )
    if any(n == 0 for _, n in pairs):
        return contiguous(tensor)
    for stride, n in pairs:
        if stride != expected:
            return False
        expected *= n
    return True


def preserved(tensor: TensorSpec) -> Strides:
    """The strides of a copy that keeps the layout (`torch.preserve_format`)."""
    if isinstance(tensor.strides, str) or tensor.shape is None:
        return tensor.strides
    filled = dense(tensor)
    if filled is None or tensor.strides is None:
        return None
    if filled:
        return tensor.strides
    return named(tensor.shape, _packed(tensor.shape, tensor.strides))


def _packed(shape: Shape, strides: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """Strides without gaps whose axes lie in the order of `strides` (ATen: infer_dense_strides)."""
    steps, counts = [guess(s) for s in strides], [guess(n) for n in shape]
    order = list(range(len(steps) - 1, -1, -1))
    for start in range(1, len(order)):
        late = start
        for early in range(start - 1, -1, -1):
            a, b = order[early], order[late]
            if steps[a] == 0 or steps[b] == 0:
                continue
            if steps[a] < steps[b] or (steps[a] == steps[b] and counts[a] <= counts[b]):
                if steps[a] < steps[b]:
                    break
                continue
            order[early], order[late] = b, a
            late = early
    packed: list[Dim] = [0] * len(steps)
    step = 1
    for place in order:
        packed[place] = step
        step *= max(1, counts[place])
    return tuple(packed)


def channels_last(shape: Sequence[Dim]) -> tuple[Dim, ...]:
    """The strides of a channels-last tensor of rank 4 or 5."""
    strides: list[Dim] = [1] * len(shape)
    step: Dim = shape[1]
    for place in range(len(shape) - 1, 1, -1):
        strides[place] = step
        step = step * shape[place]
    strides[0] = step
    return tuple(strides)


def suggests_channels_last(tensor: TensorSpec) -> bool | None:
    """Whether an operator would answer in channels-last order; None where not known."""
    if isinstance(tensor.strides, str) or (tensor.shape and len(tensor.shape) not in (4, 5)):
        return False
    if tensor.strides is None or tensor.shape is None or not known(*tensor.shape, *tensor.strides):
        return None
    steps, counts = [guess(s) for s in tensor.strides], [guess(n) for n in tensor.shape]
    least = 0
    if steps[1] == 0:
        return False
    for place in (1, *range(len(counts) - 1, 1, -1), 0):
        if counts[place] == 0 or steps[place] < least or (place == 0 and least == steps[1]):
            return False
        least = steps[place] * max(1, counts[place])
    return True


def viewed(shape: Shape, strides: Sequence[Dim], target: Sequence[Dim]) -> tuple[Dim, ...] | None:
    """The strides of a view of known sizes as `target`; None where there is no such view.

    ATen: computeStride.  Neighbouring axes are taken together as long as they lie in one
    piece; each piece must be filled by whole axes of `target`.
    """
    if not shape:
        return (1,) * len(target)
    if any(n == 0 for n in shape):
        if tuple(target) == tuple(shape):
            return tuple(strides)
        made: list[Dim] = [1] * len(target)
        for place in range(len(target) - 2, -1, -1):
            made[place] = max(guess(target[place + 1]), 1) * guess(made[place + 1])
        return tuple(made)
    answer: list[Dim] = [0] * len(target)
    place = len(target) - 1
    base, held, filled = strides[-1], 1, 1
    for own in range(len(shape) - 1, -1, -1):
        held *= guess(shape[own])
        if own == 0 or (shape[own - 1] != 1 and strides[own - 1] != held * base):
            while place >= 0 and (filled < held or target[place] == 1):
                answer[place] = filled * base
                filled *= guess(target[place])
                place -= 1
            if filled != held:
                return None
            if own > 0:
                base, held, filled = strides[own - 1], 1, 1
    return tuple(answer) if place == -1 else None


def reshaped(input: TensorSpec, target: Sequence[Dim], copies: bool) -> tuple[Strides, bool]:
    """The strides of `input` as `target`, and whether a view certainly cannot give them.

    Args:
        copies: whether the data are copied where no view can be had (reshape, not view).
    """
    if isinstance(input.strides, str):
        return CONTIGUOUS, False
    if input.strides is None or input.shape is None:
        return None, False
    if not known(*input.shape, *input.strides, *target):
        return None, False
    if product(input.shape) != product(target):
        return CONTIGUOUS, False
    strides = viewed(input.shape, input.strides, target)
    if strides is None:
        return (CONTIGUOUS if copies else None), True
    return named(target, strides), False
