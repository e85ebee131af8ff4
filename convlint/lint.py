"""build -> trace -> judge -> sort: the whole check of one target, in this process."""

from __future__ import annotations

import inspect
import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from convlint import footprint
from convlint.contract import Contract
from convlint.contract import parse_all as parse_expected
from convlint.diagnostic import Diagnostic
from convlint.discover import Given, Untold, given
from convlint.discover.inference import inferred
from convlint.job import Job, Ran, Result, Row, Unseen
from convlint.judge import fault, judge, refused
from convlint.load import load
from convlint.network import Network
from convlint.rule import rules
from convlint.selection import Selection
from convlint.spec import InputSpec, parse_all
from convlint.suppress import suppressed
from convlint.target import TargetError

if TYPE_CHECKING:
    from torch import nn

    from convlint.trace.watch import Watch


@dataclass(frozen=True, slots=True)
class Report:
    """What `convlint.check` returns: the findings, and the network they are about.

    `network` is None where it could not be built or called.  `unseen` has the lines of the
    network's functions that ran on no path.
    """

    diagnostics: tuple[Diagnostic, ...]
    network: Network | None = None
    unseen: tuple[Unseen, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not any(d.severity == "error" for d in self.diagnostics)

    def result(self, target: str) -> Result:
        """The same as formats take it, of the network that they call `target`."""
        network = self.network
        return Result(
            target,
            tuple(replace(d, target=target) for d in self.diagnostics),
            incomplete=network is None or any(not r.certain for r in network.raised),
            layers=_count(network) if network is not None else 0,
            unseen=self.unseen,
        )

    def __str__(self) -> str:
        return "\n".join(_line(d) for d in self.diagnostics) or "no findings"

    def raise_for_errors(self) -> Report:
        """Raise AssertionError with the findings if there is an error; else return itself."""
        if not self.ok:
            raise AssertionError(str(self))
        return self


def check(
    model: Any,
    inputs: object,
    *,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    training: bool = False,
    expect: object = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    extend_select: Iterable[str] = (),
) -> Report:
    """Check a network: `assert convlint.check(Net, "1,3,224,224").ok`.

    Args:
        model: a class or factory (called with `args` and `kwargs`), or a ready module.
        inputs: `"1,3,224,224"`, a tuple of sizes, an example tensor, a list of these, or a
            mapping from the parameters of `forward` to these.
        training: check in training mode.
        expect: what must come out: `"N,10"`, one for every output, or a mapping from the keys of
            the outputs to these.
        select, ignore, extend_select: rules, as on the command line.

    Raises:
        SpecError: an input or an expectation that cannot be read.
        SelectionError: a selector that selects nothing.
    """
    specs = parse_all(inputs)
    selection = Selection(tuple(select), tuple(ignore), tuple(extend_select))
    codes = selection.codes(rules())
    expected = parse_expected(expect)
    checked = _checked(
        lambda: (_module(model, args, dict(kwargs or {}), str(model)), specs),
        training,
        codes,
        expected,
    )
    network = checked.network
    files = footprint.sources(network) if network is not None else ()
    result = Result("", checked.diagnostics, files=files, ran=checked.ran)
    (result,) = suppressed([result], selection)
    unseen = tuple(one for one in checked.unseen if one.rows)
    return Report(result.diagnostics, network, unseen)


def run(job: Job, deadline: float | None = None) -> Result:
    """Check one target of the command line.

    Args:
        deadline: the time (`time.monotonic`) at which there must be an answer.
    """
    codes = job.selection.codes(rules())
    called = Given(job.inputs, job.by)

    def make() -> tuple[nn.Module, tuple[InputSpec, ...]]:
        nonlocal called
        target = job.target
        if target.is_file and not os.path.exists(target.path):
            load(target)  # says so, without waiting for torch
        from convlint.trace.modules import noted_definitions

        with noted_definitions():
            found = load(target)
        module = _module(found, target.args, dict(target.kwargs), target.name)
        if not job.inputs:
            called = given(module) or _inferred(module, job) or called
        return module, called.inputs

    checked = _checked(make, job.mode == "train", codes, job.expected, deadline)
    network = checked.network
    found = tuple(replace(d, target=job.display) for d in checked.diagnostics)
    return Result(
        job.display,
        found,
        tuple(_rows(network, found)) if network is not None and job.want_shapes else (),
        incomplete=network is None or any(not r.certain for r in network.raised),
        layers=_count(network) if network is not None else 0,
        unseen=checked.unseen,
        ran=checked.ran,
        hurried=checked.hurried,
        inputs=str(called) if called.by and not called.inferred else "",
        inferred=str(called) if called.inferred else "",
    )


def _inferred(module: nn.Module, job: Job) -> Given | None:
    """What the network can be called with, as far as it tells."""
    try:
        return inferred(module, job.mode == "train")
    except Untold as error:
        words = " ".join(f"--input {shlex.quote(str(one))}" for one in error.inputs)
        raise _Unusable(
            "<inputs>",
            TypeError(f"{error}; give it: convlint {shlex.quote(job.target.display)} {words}"),
        ) from None


class _Unusable(Exception):
    """What was named cannot be made a network; `stage` says where it ended."""

    def __init__(self, stage: str, error: Exception) -> None:
        super().__init__(str(error))
        self.stage = stage
        self.error = error


@dataclass(frozen=True, slots=True)
class _Checked:
    """What comes of one check, before anything is switched off."""

    diagnostics: tuple[Diagnostic, ...]
    network: Network | None = None
    unseen: tuple[Unseen, ...] = ()
    ran: tuple[Ran, ...] = ()
    hurried: bool = False
    """Whether something was left out for want of time."""


def _checked(
    make: Callable[[], tuple[nn.Module, tuple[InputSpec, ...]]],
    training: bool,
    codes: frozenset[str],
    expected: tuple[Contract, ...],
    deadline: float | None = None,
) -> _Checked:
    try:
        module, inputs = make()
        args, kwargs, names = bind(module, inputs)
    except TargetError as error:
        return _Checked(tuple(fault("<import>", error)))
    except _Unusable as unusable:
        return _Checked(tuple(fault(unusable.stage, unusable.error)))
    network, watch = followed(module, args, kwargs, training, names)
    network = replace(network, expected=expected)
    found, network = told(network, watch, codes, deadline)
    unseen: tuple[Unseen, ...] = ()
    if watch is not None:
        from convlint import paths

        unseen = paths.unseen(watch)
    hurried = watch is not None and watch.hurried
    return _Checked(tuple(found), network, unseen, footprint.ran(network, watch), hurried)


def followed(
    module: nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    training: bool = False,
    names: Sequence[str] = (),
) -> tuple[Network, Watch | None]:
    """Trace a network; with the lines that ran, where its code decides anything."""
    from convlint.trace import trace
    from convlint.trace.watch import Watch, decides

    watch = Watch() if decides(module) else None
    network = trace(module, args, kwargs, training, names, watch)
    if watch is None and network.decisions and network.again is not None:
        watch = Watch()
        network = network.again(watch=watch)
    return network, watch


def told(
    network: Network,
    watch: Watch | None,
    codes: Collection[str] | None = None,
    deadline: float | None = None,
) -> tuple[list[Diagnostic], Network]:
    """What the rules say of a network, on all sides of its branches where it was watched.

    Args:
        codes: the rules to ask; None for those that are on by default.
        deadline: the time (`time.monotonic`) from which on no further side is traced.
    """
    if watch is None:
        found = list(judge(network, codes))
    else:
        from convlint import paths

        found, network = paths.explore(network, codes, watch, deadline)
    # Errors first, and otherwise in the order in which torch would come to them: a fault that
    # follows from another stands behind it.
    return sorted(found, key=lambda d: -d.severity.rank), network


def _module(found: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> nn.Module:
    from torch import nn

    from convlint.trace import ConstructionError, build

    if isinstance(found, nn.Module):
        if args or kwargs:
            raise _Unusable(
                "<construct>", TypeError(f"`{name}` is a ready module and takes no arguments")
            )
        return found
    if not callable(found):
        raise _Unusable(
            "<construct>",
            TypeError(f"`{name}` is no network: it is of type {type(found).__name__}"),
        )
    try:
        made = build(lambda: found(*args, **kwargs), refused)
    except ConstructionError as error:
        raise _Unusable("<construct>", error) from error
    if not isinstance(made, nn.Module):
        raise _Unusable(
            "<construct>",
            TypeError(f"`{name}()` gives no torch.nn.Module, but a {type(made).__name__}"),
        )
    return made


def bind(
    module: nn.Module, inputs: tuple[InputSpec, ...]
) -> tuple[list[Any], dict[str, Any], list[str]]:
    """The inputs as arguments of `module.forward`: positional ones, named ones, and names."""
    import torch

    from convlint.tensor import TensorSpec

    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for spec in inputs:
        value: Any = spec.value
        if spec.shape is not None:
            value = TensorSpec(spec.shape, getattr(torch, spec.dtype))
        if spec.name is None:
            args.append(value)
        else:
            kwargs[spec.name] = value
    try:
        signature = inspect.signature(module.forward)
    except (TypeError, ValueError):
        return args, kwargs, []
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise _Unusable(
            "<inputs>", TypeError(_misfit(type(module).__name__, signature, error, inputs))
        ) from None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return args, kwargs, [n for n, p in signature.parameters.items() if p.kind in kinds]


def _misfit(
    name: str, signature: inspect.Signature, error: TypeError, inputs: tuple[InputSpec, ...]
) -> str:
    given = ", ".join(str(spec) for spec in inputs) or "none"
    return f"{name}.forward{signature} cannot take the given inputs ({given}): {error}"


def _line(found: Diagnostic) -> str:
    place = found.location
    where = f"{place.filename}:{place.row}:{place.column}: " if place else ""
    return f"{where}{found.severity}[{found.code}] {found.message}"


def _count(network: Network) -> int:
    return sum(layer.op not in _SOURCES for layer in network.layers)


_SOURCES = frozenset({"input", "parameter", "buffer", "constant"})


def _rows(network: Network, found: tuple[Diagnostic, ...]) -> Iterator[Row]:
    codes: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for diagnostic in found:
        key = (diagnostic.layer, diagnostic.input_shapes)
        codes.setdefault(key, []).append(diagnostic.code)
    for layer in network.layers:
        if layer.op in _SOURCES and layer.op != "input":
            continue
        inputs = tuple(
            str(t) for t in layer.tensors if layer.module is None or t.source is not None
        )
        yield Row(
            layer.path if layer.module is not None else layer.name,
            layer.written if layer.op != "input" else "input",
            inputs,
            ", ".join(str(t) for t in layer.outputs) or None,
            layer.formula,
            layer.call,
            tuple(dict.fromkeys(codes.get((layer.path, inputs), ()))),
            layer.path,
        )
