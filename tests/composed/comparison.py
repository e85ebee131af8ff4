"""What torch makes of a network, what convlint says of it, and whether they agree."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

import convlint
from convlint.diagnostic import Diagnostic, Location
from tests.composed.network import Network
from tests.oracle import raising, real, same_output

NOT_OF_THE_SHAPES: Final = (
    "allocate memory",
    "not implemented for",  # no kernel for this dtype on the CPU
    "index out of range in self",  # values: of an embedding,
    "is out of bounds for dimension",  # of indices,
    "singular",  # of a matrix,
    "out of DATA bounds",  # of indices again,
    "to have value at",  # of the lengths of texts,
    "to have size at least",
    "argument #2 'targets' (while checking arguments for ctc_loss",  # their sum, again
    "Unsupported dtype",  # no kernel of a Fourier transform
    "MKL FFT error",  # of no signals at all; the meta device gives none back
    "invalid max index",  # where a largest element was that a pooling found
    "refer to a single memory location",  # which tensors share their storage is not followed
)
"""What torch says of values, of memory, or of a kernel that this machine lacks."""
_OVERLOOKED: Final = "key and value with the same number of steps"
"""An error that the operator makes, but for batches of heads not its kernel on the CPU, which reads
past the end instead (`tests/shapes/test_attention.py` shows it)."""
_VIEW: Final = "view size is not compatible with input tensor's size and stride"


@dataclass(frozen=True)
class Run:
    """What torch did: the values that it computed, and where it raised what, if it did."""

    values: dict[str, Any]
    row: int = 0
    raised: str = ""


@dataclass(frozen=True)
class Verdict:
    """How torch and convlint compare.

    `answer` is `agree`, or what is wrong: `missed`, `false`, `early` (an error at a step before
    the one that raises), `elsewhere`, `output` (another shape, dtype or layout), `unchecked`.
    `skipped` is a network in which convlint is right up to where torch speaks of something else
    than shapes.
    """

    answer: str
    torch: str = ""
    convlint: tuple[str, ...] = ()
    later: int = 0
    """Errors behind the step at which torch raises."""

    @property
    def agrees(self) -> bool:
        """Whether there is nothing to mend."""
        return self.answer in ("agree", "skipped")


def verdict(network: Network, path: Path) -> Verdict:
    """Both asked about the network, which is written to `path`."""
    path.write_text(network.source, encoding="utf-8")
    module = types.ModuleType(path.stem)
    exec(compile(network.source, str(path), "exec"), module.__dict__)
    run = torch_says(network, module.Net, path)
    report = convlint.check(
        module.Net,
        [real((i.shape, i.dtype)) for i in network.inputs],
        training=network.training,
    )
    step = network.rows.get(run.row)
    errors = [
        found
        for found in raising(report.diagnostics)
        if _OVERLOOKED not in found.message or step in _steps(found, network, path)
    ]
    told = tuple(f"{d.code} at {_row(d)}: {d.message}" for d in errors)
    where = f"v{step} at {run.row}: {run.raised}" if run.raised else ""
    order = _order(network, run)
    first = order.index(step) if step is not None else len(order)
    places = [[order.index(s) for s in _steps(d, network, path)] for d in errors]
    later = sum(bool(at) and min(at) > first for at in places)
    if errors and not run.raised:
        return Verdict("false", where, told)
    if any(at and max(at) < first for at in places):
        return Verdict("early", where, told)
    difference = _different(network, run, report.network)
    if difference is not None:
        return Verdict(difference[0], where, difference[1], later)
    if not run.raised or any(first in at for at in places):
        return Verdict("agree", where, told, later)
    if any(text in run.raised for text in NOT_OF_THE_SHAPES) or (
        _VIEW in run.raised and _is_untold(network, step, report.network)
    ):
        return Verdict("skipped", where, told, later)
    return Verdict("elsewhere" if errors else "missed", where, told, later)


def torch_says(network: Network, kind: Any, path: Path) -> Run:
    """A real run over small tensors on the CPU, where all that torch refuses is refused."""
    torch.manual_seed(0)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            net = kind().train(network.training)
            values = net(*[real((i.shape, i.dtype)) for i in network.inputs])
        except Exception as exc:
            trace = exc.__traceback__
            while trace is not None and trace.tb_frame.f_code.co_filename != str(path):
                trace = trace.tb_next
            assert trace is not None
            message = (str(exc).strip().splitlines() or [""])[0]
            known = {k: v for k, v in trace.tb_frame.f_locals.items() if k[0] == "v"}
            return Run(known, trace.tb_lineno, f"{type(exc).__name__}: {message}")
    return Run({f"v{s.number}": v for s, v in zip(network.steps, values, strict=True)})


def _order(network: Network, run: Run) -> list[int]:
    """The steps in the order in which torch comes to them: modules are made first."""
    made = [s.number for s in network.steps if s.made]
    if run.row and run.row < min(network.called):
        return made + [s.number for s in network.steps if not s.made]
    return [s.number for s in network.steps]


def _row(found: Diagnostic) -> int:
    return found.location.row if found.location else 0


def _steps(found: Diagnostic, network: Network, path: Path) -> set[int]:
    """The steps that a finding is about: by its rows, and by the module that it names."""
    steps = {
        network.rows[place.row]
        for place in _places(found)
        if place.filename == str(path) and place.row in network.rows
    }
    head = found.layer.partition(".")[0]
    if head[:1] == "m" and head[1:].isdigit():
        steps.add(int(head[1:]))
    return steps


def _is_untold(network: Network, number: int | None, traced: convlint.Network | None) -> bool:
    """Whether convlint says of what a step takes that it does not know its strides."""
    return any(
        network.rows.get(layer.call.row) == number
        and any(tensor.strides is None for tensor in layer.tensors)
        for layer in (traced.layers if traced is not None else ())
        if layer.call is not None
    )


def _places(found: Diagnostic) -> Iterator[Location]:
    if found.location is not None:
        yield found.location
    yield from (label.location for label in found.related)


def _different(
    network: Network, run: Run, traced: convlint.Network | None
) -> tuple[str, tuple[str, ...]] | None:
    """The first step whose output convlint takes for another, before torch raises."""
    if traced is None:
        return None if run.raised else ("unchecked", ("no network",))
    if traced.raised and not run.raised:
        return "unchecked", tuple(r.message for r in traced.raised)
    if not isinstance(traced.outputs, tuple):  # the code behind the fault ended in an exception
        return None
    for step, spec in zip(network.steps, traced.outputs, strict=True):
        name = f"v{step.number}"
        if name not in run.values:
            return None
        try:
            same_output(spec, run.values[name])
        except AssertionError as difference:
            return "output", (f"{name}: {difference}",)
        except TypeError:
            return "output", (f"{name}: {spec} is no {type(run.values[name])}",)
    return None
