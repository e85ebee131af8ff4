"""One network at many sizes: what a sweep says, and what torch does."""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import nn

from benchmarks.sizes.remembered import Remembered
from convlint.sweep import Answer, Axis, Grid, solve
from convlint.tensor import TensorSpec
from convlint.trace import trace

LARGEST: Final = 320
PAIRS: Final = 60
FURTHER: Final = 10
"""How many sizes beyond the grid are asked, where a proof is claimed."""
FURTHEST: Final = 3000
_REAL: Final = 512
"""Up to which size the CPU is asked."""

_VALUES: Final = (
    "allocate memory", "not implemented for", "index out of range in self",
    "is out of bounds for dimension", "singular", "out of DATA bounds", "Unsupported dtype",
    "invalid max index", "refer to a single memory location", "must be a Tensor, not Tensor",
)  # fmt: skip
"""What torch says of values, of memory, or of a kernel that this machine lacks."""

Shape = tuple[int | str, ...]
"""The sizes of an input: letters where they vary."""


@dataclass(frozen=True)
class Called:
    """A network and the inputs that it is called with, at `usual` sizes of the letters."""

    net: nn.Module
    inputs: tuple[tuple[Shape, torch.dtype], ...]
    usual: Mapping[str, int]
    make: Callable[[], nn.Module] | None = None
    """Makes the network on the CPU, where a meta device may answer otherwise than that."""
    oracle: nn.Module | None = None
    """What torch is asked, where that is not `net` itself."""
    device: str = "meta"
    """Where torch is asked."""

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters, in order."""
        found = [n for shape, _ in self.inputs for n in shape if isinstance(n, str)]
        return tuple(dict.fromkeys(found))

    def at(self, sizes: Mapping[str, Any]) -> list[TensorSpec]:
        """The inputs at these sizes."""
        return [
            TensorSpec(tuple(sizes[n] if isinstance(n, str) else n for n in shape), dtype)
            for shape, dtype in self.inputs
        ]


@dataclass(frozen=True)
class Compared:
    """What came of a comparison: sizes that disagree, of how many that were asked.

    `working` is for how many of these torch raises nothing; `settled`, how many times the CPU
    agreed with the sweep where the meta device did not.
    """

    answer: Answer
    asked: int
    wrong: tuple[tuple[Mapping[str, int], str], ...]
    working: int = 0
    settled: int = 0
    sweep_seconds: float = 0.0
    torch_seconds: float = 0.0


def swept(called: Called, largest: int = LARGEST, seconds: float = 60.0) -> Answer:
    """What a sweep says of all sizes up to `largest`."""
    network = trace(called.net, called.at(called.usual), {}, called.net.training)
    names = [layer.name for layer in network.inputs]

    def inputs(sizes: Mapping[str, Any]) -> dict[str, TensorSpec]:
        return dict(zip(names, called.at(sizes), strict=False))

    assert network.again is not None
    again = network.again
    grid = Grid(tuple(Axis(x, tuple(range(1, largest + 1)), True) for x in called.letters))
    return solve(
        grid,
        lambda sizes: again(inputs(sizes), None),
        inputs,
        first=(called.usual, network),
        seconds=seconds,
    )


def compared(
    called: Called,
    seed: int,
    largest: int = LARGEST,
    pairs: int = PAIRS,
    seconds: float = 60.0,
    sweep: Callable[[Called, int, float], Answer] | None = None,
) -> Compared:
    """Ask both about equal sizes up to `largest`, and about so many pairs.

    Args:
        sweep: how the network is followed; as `swept` does, if it is not given.
    """
    began = time.perf_counter()
    answer = (sweep or swept)(called, largest, seconds)
    between = time.perf_counter()
    oracle, known = called.oracle or called.net, Remembered()
    real = None
    wrong, asked, working, settled = [], 0, 0, 0
    sizes_asked = [*chosen(called.letters, seed, largest, pairs)]
    if called.device == "meta":
        sizes_asked += beyond(answer, seed, FURTHER, FURTHEST)
    for sizes in sizes_asked:
        works = answer.works_at(sizes)
        if works is None or _is_doubted(answer):
            continue
        asked += 1
        with known:
            raised = raises(oracle, called.at(sizes), called.device)
        if raised.startswith("NotImplementedError") and max(sizes.values()) > _REAL:
            asked -= 1  # the meta device lacks an operator, and the CPU would take too long
            continue
        working += not raised
        if works is not bool(raised):
            continue
        if called.make is not None and called.device != "cpu" and max(sizes.values()) <= _REAL:
            real = real or called.make()  # the last word is the CPU's
            raised = raises(real, called.at(sizes), "cpu")
            if works is not bool(raised) or any(text in raised for text in _VALUES):
                settled += 1
                continue
        elif settled:
            asked -= 1  # the meta device has been wrong before, and the CPU would take too long
            continue
        wrong.append((sizes, raised or _told(answer, sizes)))
    return Compared(
        answer, asked, tuple(wrong), working, settled,
        between - began, time.perf_counter() - between,
    )  # fmt: skip


def beyond(answer: Answer, seed: int, count: int, largest: int) -> Iterator[dict[str, int]]:
    """Sizes larger than those that were followed, of some letters or of all."""
    rng = random.Random(seed)
    for _ in range(count if answer.proven else 0):
        sizes = {axis.letter: rng.choice(axis.sizes) for axis in answer.grid.axes}
        for axis in rng.sample(answer.grid.axes, rng.randint(1, len(answer.grid.axes))):
            first = len(axis.sizes) + 1
            sizes[axis.letter] = rng.randint(first, max(largest, first))
        yield sizes


def chosen(letters: Sequence[str], seed: int, largest: int, pairs: int) -> Iterator[dict[str, int]]:
    """Equal sizes of all letters, and random ones."""
    for n in range(1, largest + 1):
        yield dict.fromkeys(letters, n)
    rng = random.Random(seed)
    if len(letters) > 1:
        for _ in range(pairs):
            yield {letter: rng.randint(1, largest) for letter in letters}


def raises(net: nn.Module, specs: Sequence[TensorSpec], device: str) -> str:
    """What torch says of these inputs; nothing where it raises nothing."""
    torch.manual_seed(0)
    with warnings.catch_warnings(), torch.no_grad(), torch.device(device):
        warnings.simplefilter("ignore")
        try:
            net(*[torch.zeros(spec.shape or (), dtype=spec.dtype) for spec in specs])  # type: ignore[arg-type]
        except Exception as exc:
            return f"{type(exc).__name__}: {str(exc).strip().splitlines()[:1]}"
    return ""


def _is_doubted(answer: Answer) -> bool:
    return any(found.doubts for found in answer.works)


def _told(answer: Answer, sizes: Mapping[str, int]) -> str:
    place = answer.grid.place(sizes)
    for failure in answer.failures:
        if place is not None and failure.region.contains(place):
            return f"convlint: {failure.diagnostic.code} {failure.diagnostic.message}"
    return "convlint says otherwise"
