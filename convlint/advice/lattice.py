"""Which positions of a map are read by what is computed from it at the same resolution.

Along a run of convolutions with stride 1, each axis carries the set of offsets that are read, as
the bits of a number.  A run begins where the resolution changes, or where branches meet that have
no beginning in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from convlint.advice.pointwise import JOINED, KEPT
from convlint.arithmetic.layout import NAMES
from convlint.arithmetic.window import windows
from convlint.dims import guess
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
        source = _source(layer.args.get("input"))
        run = runs.get(source.name) if source is not None else None
        made: Run | None = None
        if layer.op in KEPT:
            made = run
        elif layer.op in JOINED or layer.op == "cat":
            made = _met(layer, runs)
        elif layer.op in _CONVOLUTIONS and source is not None:
            made = _slid(layer, run, source)
            if made is not None and _strides(layer):
                yield made
                made = None  # the next one begins
        elif layer.op in _RESIZED and run is not None:
            yield run if layer.args.get("mode") in _SINGLE else _smoothed(run)
        if made is not None:
            runs[layer.name] = made
    for output in outputs:
        source = _source(output)
        if source is not None and source.name in runs:
            yield runs[source.name]


_CONVOLUTIONS: Final = frozenset({"conv1d", "conv2d", "conv3d"})
_RESIZED: Final = frozenset(
    {
        "interpolate", "pixel_shuffle", "pixel_unshuffle",
        *(f"{kind}{d}d" for kind in ("conv_transpose", "max_pool", "avg_pool") for d in (1, 2, 3)),
    }
)  # fmt: skip
_SINGLE: Final = ("nearest", "nearest-exact")
_FIXED: Final = ("parameter", "buffer", "constant")


def _source(tensor: object) -> Layer | None:
    return tensor.source if isinstance(tensor, TensorSpec) else None


def _strides(layer: Layer) -> bool:
    return any(window.stride != 1 for window in windows(layer))


def _slid(layer: Layer, run: Run | None, source: Layer) -> Run | None:
    """The run of a convolution's output, which begins at its input if none came there."""
    found = windows(layer)
    if not found:
        return None
    run = run or Run(source.name, (ONE,) * len(found))
    combs = []
    for comb, w in zip(run.combs, found, strict=False):
        kernel, dilation, before = w.kernel, w.dilation, w.padding[0]
        if not (isinstance(kernel, int) and isinstance(dilation, int) and isinstance(before, int)):
            return None
        combs.append(comb.through(kernel, dilation, before))
    if len(combs) != len(found):
        return None
    dilations = [guess(w.dilation) for w in found if w.kernel != 1]
    if not dilations:
        return Run(run.start, tuple(combs), run.dilations, run.last)
    last = layer if max(dilations) > 1 else run.last
    return Run(run.start, tuple(combs), (*run.dilations, max(dilations)), last)


def _smoothed(run: Run) -> Run:
    """An interpolation, or whatever changes the resolution, reads at least two neighbours."""
    return Run(run.start, tuple(c.through(2, 1, 0) for c in run.combs), run.dilations, run.last)


def _met(layer: Layer, runs: Mapping[str, Run]) -> Run | None:
    """Branches that begin at one map; None where another one comes in, as a gate does."""
    sources = [t.source for t in layer.tensors if t.source and t.source.op not in _FIXED]
    found = [runs.get(source.name) for source in sources]
    begun = [run for run in found if run is not None]
    if not begun:
        return None
    longest = max(begun, key=lambda run: len(run.dilations))
    combs = longest.combs
    for source, run in zip(sources, found, strict=True):
        own = run or Run(source.name, (ONE,) * len(combs))
        if own.start != longest.start or len(own.combs) != len(combs):
            return None
        combs = tuple(a.joined(b) for a, b in zip(combs, own.combs, strict=True))
    return Run(longest.start, combs, longest.dilations, longest.last)
