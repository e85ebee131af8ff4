"""What convlint makes of one model, compared with what torch makes of it."""

from __future__ import annotations

import collections
import contextlib
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import nn

import convlint.trace.mode
import convlint.trace.modules
from benchmarks.zoo.model import Model
from benchmarks.zoo.truth import Shapes, Truth, data, shapes, truth
from convlint.diagnostic import Diagnostic
from convlint.frame import FrameFilter
from convlint.lint import followed, told
from convlint.network import Network
from convlint.trace import ConstructionError, build, graph_module, trace

SMALL = 30_000_000
"""Weights up to which a network is run on real data."""

_PATIENCE = 60.0
"""Seconds from which on no further side of a branch is traced."""

_NO_CALLS = frozenset({"input", "parameter", "buffer", "constant"})


@dataclass(frozen=True)
class Outcome:
    """What came of one model, as it is kept in a line of JSON.

    `found` are the findings as [code, severity, module path, message, line]; `differences` what
    torch says otherwise; `asked` how often torch was asked about which operator; `truth` where
    the real network was run, and `torch_error` why it could not be.
    """

    library: str
    name: str
    layers: int = 0
    calls: int = 0
    constants: int = 0
    """Calls that were really computed, since they depend on no input."""
    asked: dict[str, int] = field(default_factory=dict)
    found: list[list[str]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    unknown: int = 0
    """Leaf modules with an output that is not fully known."""
    compared: int = 0
    """Leaf calls whose output shapes were compared with torch's."""
    truth: str = ""
    torch_error: str = ""
    failure: str = ""
    """Why there is no trace at all."""
    build_seconds: float = 0.0
    trace_seconds: float = 0.0
    judge_seconds: float = 0.0
    import_seconds: float = 0.0
    """What `import torch` takes on the same machine."""
    weights: int = 0
    graph: bool | None = None
    """Whether the recorded graph gives the model's own output; None where it was not run."""

    @property
    def seconds(self) -> float:
        """The whole analysis."""
        return self.build_seconds + self.trace_seconds + self.judge_seconds

    @property
    def errors(self) -> list[list[str]]:
        """The findings of severity error."""
        return [f for f in self.found if f[1] == "error"]

    @property
    def is_noted(self) -> bool:
        """Whether something was assumed, or is not known."""
        return bool(self.unknown) or any(f[0] in ("CL003", "CL005", "CL006") for f in self.found)

    @property
    def is_whole(self) -> bool:
        """Whether it was traced to its end, as torch runs it."""
        lost = any(f[0] in ("CL002", "CL003", "CL190") for f in self.found)
        return not (self.failure or self.differences or self.errors or lost)


@dataclass(frozen=True)
class Examination:
    """The task of examining one model.

    `import_seconds` is noted in the outcome; `real`, `sides`: as `examine` takes them.
    """

    model: Model
    import_seconds: float
    real: bool = False
    sides: bool = False

    def run(self) -> Outcome:
        """Examine it."""
        outcome = examine(self.model, self.real, self.sides)
        return replace(outcome, import_seconds=self.import_seconds)

    def lost(self, reason: str) -> Outcome:
        """It could not be examined."""
        return Outcome(self.model.library, self.model.name, failure=reason)


def import_seconds() -> float:
    """What `import torch` takes: the median of three times in a new process."""
    command = [sys.executable, "-c", "import torch"]
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(command, check=True)
        times.append(time.perf_counter() - start)
    return round(sorted(times)[1], 3)


def examine(model: Model, real: bool = False, sides: bool = False) -> Outcome:
    """Build, trace and judge a model, and compare it with torch's own run.

    Args:
        real: also run the recorded graph of a small model on real data.
        sides: also look at the other sides of branches, as if the library were the user's code.
    """
    with _quiet(), _owned() if sides else contextlib.nullcontext():
        start = time.perf_counter()
        try:
            module = build(model.make)
        except ConstructionError as exc:
            return Outcome(model.library, model.name, failure=f"construction: {exc}"[:400])
        built = time.perf_counter()
        call = model.call(module)
        weights = sum(p.numel() for p in module.parameters() if not _is_lazy(p))
        with counted() as counts:
            begun = time.perf_counter()
            network, watch = followed(module, call.args, call.kwargs)
            traced = time.perf_counter()
        if any(isinstance(value, torch.Tensor) for value in (*call.args, *call.kwargs.values())):
            network = replace(network, again=None)  # data of one batch is data for no other
        found, network = told(network, watch, deadline=begun + _PATIENCE)
        judged = time.perf_counter()
        own = truth(model, module, call)
        differences, unknown, compared = ([], 0, 0) if own.error else compare(network, own)
        graph = graph_is_true(model) if real and weights <= SMALL else None
        if graph is False:
            differences.append("the recorded graph gives another output")
    return Outcome(
        model.library,
        model.name,
        layers=len(network.layers),
        calls=sum(layer.op not in _NO_CALLS for layer in network.layers),
        constants=counts[""],
        asked={name: count for name, count in counts.items() if name},
        found=[_row(f) for f in found],
        differences=differences[:10],
        unknown=unknown,
        compared=compared,
        truth="" if own.error else own.device,
        torch_error=own.error,
        build_seconds=round(built - start, 4),
        trace_seconds=round(traced - begun, 4),
        judge_seconds=round(judged - traced, 4),
        weights=weights,
        graph=graph,
    )


def compare(network: Network, real: Truth) -> tuple[list[str], int, int]:
    """Where the shapes of leaf modules and of the output are not torch's.

    Returns the differences, the leaf calls that are not fully known, and the number compared.
    """
    ours: dict[str, list[Shapes]] = collections.defaultdict(list)
    for layer in network.layers:
        if layer.module is not None:
            ours[layer.path].append(shapes(layer.output))
    differences, unknown, compared = [], 0, 0
    for path, calls in ours.items():
        theirs = real.modules.get(path)
        if theirs is None:
            continue  # not registered, or within what torch runs as one kernel
        if len(theirs) != len(calls):
            differences.append(f"{path} is called {len(theirs)} times, traced {len(calls)} times")
        for mine, own in zip(calls, theirs, strict=False):
            compared += 1
            unknown += any(min(shape, default=0) < 0 for shape in mine)
            if not _agree(mine, own):
                differences.append(f"{path} gives {own}, traced as {mine}")
    mine = shapes(network.outputs)
    unknown += any(min(shape, default=0) < 0 for shape in mine)
    if not _agree(mine, real.output):
        differences.append(f"the output is {real.output}, traced as {mine}"[:300])
    return differences, unknown, compared


def _agree(mine: Shapes, own: Shapes) -> bool:
    """Whether what is known of `mine` is `own`.  [-2] is a tensor, or more, of unknown rank."""
    if [-2] in mine:
        return True
    return len(mine) == len(own) and all(
        len(a) == len(b) and all(x in (-1, y) for x, y in zip(a, b, strict=True))
        for a, b in zip(mine, own, strict=True)
    )


@contextlib.contextmanager
def _owned() -> Iterator[None]:
    """Take what is installed for the user's own: only of that all sides are looked at."""
    with mock.patch.object(FrameFilter, "is_own", FrameFilter.is_user):
        yield


@contextlib.contextmanager
def counted() -> Iterator[collections.Counter[str]]:
    """Count the questions to torch by operator, and under "" what was really computed."""
    counts: collections.Counter[str] = collections.Counter()
    mode = convlint.trace.mode
    ask, compute = mode.ask, mode.TraceMode._compute

    def counting(func: Any, *rest: Any) -> Any:
        counts[mode.free_name(getattr(func, "__name__", "")) or str(func)] += 1
        return ask(func, *rest)

    def computing(self: Any, *args: Any) -> Any:
        answer = compute(self, *args)
        counts[""] += answer is not NotImplemented
        return answer

    mode.ask = convlint.trace.modules.ask = counting  # type: ignore[attr-defined]
    mode.TraceMode._compute = computing  # type: ignore[method-assign]
    try:
        yield counts
    finally:
        mode.ask = convlint.trace.modules.ask = ask  # type: ignore[attr-defined]
        mode.TraceMode._compute = compute  # type: ignore[method-assign]


def graph_is_true(model: Model) -> bool:
    """Whether the recorded graph, run on real data, gives the model's own output."""
    torch.manual_seed(0)
    module = model.make().eval()
    call = model.call(module)
    graph = graph_module(trace(module, call.args, call.kwargs)).eval()
    real = call.filled(data)
    with torch.no_grad(), _quiet():
        torch.manual_seed(1)
        own = _tensors(module(*real.args, **real.kwargs))
        torch.manual_seed(1)
        recorded = _tensors(graph(*real.args, *real.kwargs.values()))
    return len(own) == len(recorded) and all(
        torch.allclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True)
        for a, b in zip(own, recorded, strict=True)
    )


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    if value is None or isinstance(value, (int, float, str)):
        return []
    items = value.values() if isinstance(value, dict) else value
    return [found for item in items for found in _tensors(item)]


def _row(found: Diagnostic) -> list[str]:
    line = f"{Path(found.location.filename).name}:{found.location.row}" if found.location else ""
    return [found.code, found.severity.value, found.layer, found.message[:300], line]


def _is_lazy(parameter: nn.Parameter) -> bool:
    return isinstance(parameter, nn.parameter.UninitializedTensorMixin)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
