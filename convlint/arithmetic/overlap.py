"""Where the outputs of a transposed convolution come from, along an axis.

Input `i` is added to the outputs `i*s + t*d - p` for every tap `t`.  How many taps meet at an
output depends on its place modulo the stride, and some outputs may get nothing but the bias.
"""

from __future__ import annotations

from typing import NamedTuple


class Overlap(NamedTuple):
    """A transposed convolution along one axis, with its numbers."""

    size: int
    """The input's size."""
    output: int
    kernel: int
    stride: int
    padding: int
    dilation: int = 1

    @property
    def taps(self) -> tuple[int, ...]:
        """How many taps fall on each of `stride` neighbouring outputs, far from the borders."""
        counts = [0] * self.stride
        for tap in range(self.kernel):
            counts[tap * self.dilation % self.stride] += 1
        return tuple(counts)

    @property
    def end(self) -> int:
        """How many outputs lie before the end of what the last input is added to."""
        extent = self.dilation * (self.kernel - 1) + 1
        return min(self.output, (self.size - 1) * self.stride + extent - self.padding)

    @property
    def border(self) -> int:
        """The outputs after that: they hold the bias and nothing else."""
        return self.output - max(0, self.end)

    @property
    def holes(self) -> int:
        """The outputs before that end to which nothing is added either."""
        if self.dilation == 1 and self.kernel >= self.stride:
            return 0
        first = self.padding
        return sum(not self._met(at) for at in range(first, first + max(0, self.end)))

    def even(self) -> tuple[int, int, int]:
        """Kernel, padding and output padding of the same size that overlap evenly, all over."""
        least = self.kernel + self.border
        kernel = -(-least // self.stride) * self.stride
        cut = (self.size - 1) * self.stride + kernel - self.output
        return kernel, -(-cut // 2), cut % 2

    def _met(self, place: int) -> bool:
        """Whether some tap of some input falls on `place` of the output before it is cropped."""
        for tap in range(self.kernel):
            rest = place - tap * self.dilation
            if rest % self.stride == 0 and 0 <= rest // self.stride < self.size:
                return True
        return False
