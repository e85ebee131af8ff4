"""What is known of a tensor without its data: shape, dtype, strides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from convlint.dims import Dim, Shape, Unknown, known, product, show

if TYPE_CHECKING:
    import torch

    from convlint.network import Layer

CONTIGUOUS: Final = "contiguous"
"""The strides of a tensor whose elements lie in row-major order without gaps."""

Strides: TypeAlias = str | tuple[Dim, ...] | None


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor as the shape functions see it.

    `shape` is None where not even the rank is known, `dtype` is None where it is not known.
    `strides` is `CONTIGUOUS`, a tuple of element counts, or None where it is not known.
    """

    shape: Shape | None
    dtype: torch.dtype | None = None
    strides: Strides = CONTIGUOUS
    source: Layer | None = field(default=None, compare=False, repr=False)
    """The layer (operator, input, parameter) that made it; set while tracing."""

    @property
    def rank(self) -> int | None:
        """Number of axes; None where unknown."""
        return None if self.shape is None else len(self.shape)

    @property
    def known(self) -> bool:
        """Whether every size is a number."""
        return self.shape is not None and known(*self.shape)

    @property
    def numel(self) -> Dim:
        """Number of elements."""
        return Unknown() if self.shape is None else product(self.shape)

    def with_shape(self, shape: Iterable[Dim] | None, strides: Strides = CONTIGUOUS) -> TensorSpec:
        """The same dtype with another shape (contiguous unless `strides` says otherwise)."""
        return TensorSpec(None if shape is None else tuple(shape), self.dtype, strides)

    def with_dtype(self, dtype: torch.dtype | None) -> TensorSpec:
        """The same shape and strides with another dtype."""
        return replace(self, dtype=dtype)

    def element_strides(self) -> tuple[Dim, ...] | None:
        """Strides in elements, also for a contiguous tensor; None where unknown."""
        if self.strides is None or self.shape is None:
            return None
        if not isinstance(self.strides, str):
            return self.strides
        strides: list[Dim] = []
        step: Dim = 1
        for size in reversed(self.shape):
            strides.append(step)
            step = step * size if not (isinstance(size, int) and size == 0) else step
        return tuple(reversed(strides))

    def __str__(self) -> str:
        return show(self.shape)


UNKNOWN_TENSOR: Final = TensorSpec(None, None, None)
