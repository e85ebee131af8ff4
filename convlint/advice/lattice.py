"""Which positions of a map are read by what is computed from it at the same resolution.

Along a run of convolutions with stride 1, each axis carries the set of offsets that are read, as
the bits of a number.  A run begins where the resolution changes, or where branches meet that have
no beginning in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from convlint.advice.receptive import JOINED, KEPT
from convlint.arithmetic.layout import NAMES
from convlint.arithmetic.window import Window, windows
from convlint.network import Layer, Network
from convlint.tensor import TensorSpec


class Comb(NamedTuple):
    """Offsets along an axis: bit `b` of `bits` is the offset `low + b`."""

    bits: int
    low: int

    @property
    def span(self) -> int:
        """From the first offset to the last."""
        return self.bits.bit_length()

    @property
    def read(self) -> int:
        """How many offsets are read."""
        return self.bits.bit_count()

    def through(self, kernel: int, dilation: int, before: int) -> Comb:
        """What a convolution reads that reads this."""
        bits = 0
        for tap in range(kernel):
            bits |= self.bits << tap * dilation
        return Comb(bits, self.low - before)

    def joined(self, other: Comb) -> Comb:
        """What two branches read together."""
        low = min(self.low, other.low)
        return Comb(self.bits << (self.low - low) | other.bits << (other.low - low), low)


ONE: Final = Comb(1, 0)


@dataclass(frozen=True, slots=True)
class Run:
    """What a tensor reads of the map `start`, along the last axes."""

    start: str
    combs: tuple[Comb, ...]
    dilations: tuple[int, ...] = ()
    """Of the convolutions with a kernel larger than 1, on the longest way here."""
    last: Layer | None = None
    """The last of them that is dilated."""

    def gaps(self) -> tuple[str, Comb] | None:
        """The first axis with offsets between the first and the last that are not read."""
        for axis, comb in zip(NAMES[len(self.combs)], self.combs, strict=True):
            if comb.read < comb.span:
                return axis, comb
        return None


def ends(network: Network) -> Iterator[Run]:
    """What is read of the beginning of each run by what ends it."""
    runs: dict[str, Run] = {}
    outputs = network.outputs if isinstance(network.outputs, (tuple, list)) else (network.outputs,)
    for layer in network.layers:
        image = layer.args.get("input")
        run = runs.get(image.source.name) if _sourced(image) else None
        if layer.op in KEPT and run is not None:
            runs[layer.name] = run
        elif layer.op in JOINED or layer.op == "cat":
            met = _met(layer, [runs[t.source.name] for t in layer.tensors if _run(t, runs)])
            if met is not None:
                runs[layer.name] = met
        elif layer.op in _CONVOLUTIONS:
            made, ended = _slid(layer, run)
            runs.update({layer.name: made} if made is not None else {})
            if ended is not None:
                yield ended
        elif layer.op in _RESIZED:
            if run is not None:
                yield run if layer.args.get("mode") in _SINGLE else _smoothed(run)
            if isinstance(layer.output, TensorSpec):
                runs[layer.name] = Run(layer.name, (ONE,) * (run and len(run.combs) or 2))
    for output in outputs:
        if isinstance(output, TensorSpec) and _run(output, runs):
            yield runs[output.source.name]  # type: ignore[union-attr]


_CONVOLUTIONS: Final = frozenset({"conv1d", "conv2d", "conv3d"})
_RESIZED: Final = frozenset(
    {"interpolate", "pixel_shuffle", "pixel_unshuffle", "conv_transpose1d", "conv_transpose2d",
     "conv_transpose3d", "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d",
     "avg_pool3d"}
)  # fmt: skip
_SINGLE: Final = ("nearest", "nearest-exact")


def _sourced(tensor: object) -> bool:
    return isinstance(tensor, TensorSpec) and tensor.source is not None


def _run(tensor: TensorSpec, runs: dict[str, Run]) -> bool:
    return tensor.source is not None and tensor.source.name in runs


def _slid(layer: Layer, run: Run | None) -> tuple[Run | None, Run | None]:
    """The run of a convolution's output, and the run that ends there."""
    found = windows(layer)
    if not found or not all(_told(window) for window in found):
        return None, None
    begun = Run(layer.name, (ONE,) * len(found))
    if run is None or len(run.combs) != len(found):
        return begun, None
    combs = tuple(
        comb.through(w.kernel, w.dilation, w.padding[0])  # type: ignore[arg-type]
        for comb, w in zip(run.combs, found, strict=True)
    )
    wide = [w for w in found if w.kernel != 1]
    dilated = any(w.dilation != 1 for w in wide)
    dilations = run.dilations + ((max(int(str(w.dilation)) for w in wide),) if wide else ())
    made = Run(run.start, combs, dilations, layer if dilated else run.last)
    return (made, None) if all(w.stride == 1 for w in found) else (begun, made)


def _told(window: Window) -> bool:
    numbers = (window.kernel, window.stride, window.dilation, window.padding[0])
    return all(isinstance(number, int) for number in numbers)


def _smoothed(run: Run) -> Run:
    """An interpolation reads at least two neighbours."""
    return Run(run.start, tuple(c.through(2, 1, 0) for c in run.combs), run.dilations, run.last)


def _met(layer: Layer, runs: list[Run]) -> Run | None:
    if not runs:
        return None
    longest = max(runs, key=lambda run: len(run.dilations))
    if len({run.start for run in runs}) > 1 or len({len(run.combs) for run in runs}) > 1:
        return Run(layer.name, (ONE,) * len(longest.combs))
    combs = longest.combs
    for run in runs:
        combs = tuple(a.joined(b) for a, b in zip(combs, run.combs, strict=True))
    return Run(longest.start, combs, longest.dilations, longest.last)
