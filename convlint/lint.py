"""build -> trace -> judge -> sort: the whole check of one target, in this process."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from convlint import footprint
from convlint.contract import Contract
from convlint.contract import parse_all as parse_expected
from convlint.diagnostic import Diagnostic, Severity
from convlint.discover import Given, Untold, given
from convlint.discover.inference import inferred
from convlint.extent import Extent, Narrowing
from convlint.instance import Unusable, bind, made
from convlint.job import Job, Ran, Result, Row, Unseen
from convlint.judge import NARROWED, fault, judge
from convlint.load import load
from convlint.network import Network
from convlint.representative import representative
from convlint.rows import count, shown
from convlint.rule import rules
from convlint.selection import Selection
from convlint.sizes import Sizes
from convlint.spec import InputSpec, SpecError, letters, parse_all, united
from convlint.spec import parse as parse_input
from convlint.suppress import suppressed
from convlint.symbol import Dims
from convlint.symbol import parse as parse_words
from convlint.symbol import parse_all as parse_dims
from convlint.target import TargetError

if TYPE_CHECKING:
    from torch import nn

    from convlint.sweep import Answer
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
            layers=count(network) if network is not None else 0,
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
    dims: object = None,
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
        dims: what the letters of the inputs may be: `{"H": "224..512%32", "W": "H"}`.
        select, ignore, extend_select: rules, as on the command line.

    Raises:
        SpecError: an input, a size or an expectation that cannot be read.
        SelectionError: a selector that selects nothing.
    """
    specs = parse_all(inputs)
    selection = Selection(tuple(select), tuple(ignore), tuple(extend_select))
    codes = selection.codes(rules())
    said = parse_dims(dims)
    said.check(specs)
    expected = parse_expected(expect, letters(specs))
    checked = _checked(
        lambda: (made(model, args, dict(kwargs or {}), _name(model)), specs),
        training,
        codes,
        expected,
        said,
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
        module = made(found, target.args, dict(target.kwargs), target.name)
        if not job.inputs:
            called = given(module) or _inferred(module, job) or called
            if job.want_sizes and called.form:
                called = replace(called, inputs=called.form)
        return module, called.inputs

    checked = _checked(make, job.mode == "train", codes, job.expected, job.dims, deadline)
    failed = any(d.severity is Severity.ERROR for d in checked.diagnostics)
    sizes, answer = None, None
    if checked.sizes and (failed or job.want_sizes or job.dims.domains):
        answer = _at_all_sizes(checked, called.inputs, job, deadline)
    if answer is not None:
        if failed and not job.want_sizes:
            checked = _elsewhere(checked, answer, called.inputs, job, codes, deadline)
        checked, sizes = _concluded(checked, answer, called.inputs, job)
    network = checked.network
    asked = {rule.code for rule in rules() if NARROWED in rule.operators} & codes
    if network is not None and job.locked is not None and asked:
        narrowed = [d for d in _narrowed(network, job.locked, _left(deadline)) if d.code in asked]
        checked = replace(checked, diagnostics=(*narrowed, *checked.diagnostics))
    if network is not None and job.want_proposals:
        from convlint.fix.proposal import proposed

        checked = replace(checked, diagnostics=tuple(proposed(checked.diagnostics, network)))
    found = tuple(replace(d, target=job.display) for d in checked.diagnostics)
    rows: tuple[Row, ...] = ()
    if network is not None and job.want_shapes:
        rows = tuple(shown(_written(checked, called.inputs, job.dims), found))
    said = str(replace(called, sizes=() if job.want_sizes else checked.sizes))
    return Result(
        job.display,
        found,
        rows,
        incomplete=network is None or any(not r.certain for r in network.raised),
        layers=count(network) if network is not None else 0,
        unseen=checked.unseen,
        ran=checked.ran,
        hurried=checked.hurried,
        inputs="" if called.inferred else said,
        inferred=said if called.inferred else "",
        sizes=sizes,
    )


def _elsewhere(
    checked: _Checked,
    answer: Answer,
    inputs: tuple[InputSpec, ...],
    job: Job,
    codes: frozenset[str],
    deadline: float | None,
) -> _Checked:
    """The same check at sizes that work, where there are some: letters stand for any size."""
    from convlint import conclusion

    sizes = conclusion.example(answer, job.dims)
    module = checked.network.module if checked.network is not None else None
    if not sizes or sizes == dict(checked.sizes) or module is None:
        return checked
    return _checked(
        lambda: (module, inputs),
        job.mode == "train",
        codes,
        job.expected,
        job.dims,
        deadline,
        sizes,
    )


def _left(deadline: float | None) -> float:
    """The seconds that following other sizes may take."""
    return 20.0 if deadline is None else max(1.0, min(20.0, deadline - time.monotonic()))


def _at_all_sizes(
    checked: _Checked, inputs: tuple[InputSpec, ...], job: Job, deadline: float | None
) -> Answer | None:
    """What becomes of all sizes of the letters; None where they cannot be followed."""
    from convlint import sizing

    network = checked.network
    if network is None or network.again is None or network.fx_graph is None:
        return None
    at, seconds = dict(checked.sizes), _left(deadline)
    return sizing.answered(network, inputs, job.dims, at, seconds, is_wanted=job.want_sizes)


def _concluded(
    checked: _Checked, answer: Answer, inputs: tuple[InputSpec, ...], job: Job
) -> tuple[_Checked, Sizes | None]:
    """What is wrong with declared sizes, and for which sizes it works, where that was asked."""
    from convlint import conclusion
    from convlint.narrowing import extent_of

    more = conclusion.findings(answer, job.dims.including(inputs), checked.diagnostics)
    checked = replace(checked, diagnostics=(*checked.diagnostics, *more))
    if not job.want_sizes or checked.network is None:
        return checked, None
    written = {f"{letter}={one.text}" for spec in inputs for letter, one in spec.domains}
    words = tuple(word for word in job.dims.words if word not in written)
    extent = extent_of(answer, tuple(map(str, inputs)), words)
    told = conclusion.told(answer, inputs, checked.network, job.dims)
    return checked, replace(told, extent=extent)


def _narrowed(network: Network, locked: Extent, seconds: float) -> Iterator[Diagnostic]:
    """What does not work any more of the sizes for which it must."""
    from convlint import narrowing, sizing

    if network.again is None or network.fx_graph is None or network.module is None:
        return
    inputs = united([parse_input(text) for text in locked.inputs])
    dims = parse_words(locked.dims).including(inputs)
    try:
        at = representative(inputs, dims)
        bind(network.module, tuple(one.at(at) for one in inputs))
        there = sizing.at(network, inputs, dims, at)
    except (Unusable, ValueError) as error:
        found: Narrowing | None = Narrowing(locked.works, (), misfit=str(error))
    else:
        answer = sizing.answered(there, inputs, dims, at, seconds)
        found = narrowing.narrowing(answer, locked)
    if found is not None:
        yield from fault(NARROWED, found)


def _written(checked: _Checked, inputs: tuple[InputSpec, ...], dims: Dims) -> Network:
    """The network with its sizes in letters, where it was called with letters."""
    network = checked.network
    assert network is not None
    if not checked.sizes or network.fx_graph is None:
        return network
    from convlint import sizing

    return sizing.expressed(network, inputs, dims, dict(checked.sizes))


def _inferred(module: nn.Module, job: Job) -> Given | None:
    """What the network can be called with, as far as it tells."""
    try:
        return inferred(module, job.mode == "train")
    except Untold as error:
        words = " ".join(f"--input {shlex.quote(str(one))}" for one in error.inputs)
        raise Unusable(
            "<inputs>",
            TypeError(f"{error}; give it: convlint {shlex.quote(job.target.display)} {words}"),
        ) from None


@dataclass(frozen=True, slots=True)
class _Checked:
    """What comes of one check, before anything is switched off."""

    diagnostics: tuple[Diagnostic, ...]
    network: Network | None = None
    unseen: tuple[Unseen, ...] = ()
    ran: tuple[Ran, ...] = ()
    hurried: bool = False
    """Whether something was left out for want of time."""
    sizes: tuple[tuple[str, int], ...] = ()
    """The size that was taken for each letter of the inputs."""


def _checked(
    make: Callable[[], tuple[nn.Module, tuple[InputSpec, ...]]],
    training: bool,
    codes: frozenset[str],
    expected: tuple[Contract, ...],
    dims: Dims,
    deadline: float | None = None,
    at: Mapping[str, int] | None = None,
) -> _Checked:
    try:
        module, inputs = make()
        sizes = _sizes(inputs, dims) if at is None else dict(at)
        args, kwargs, names = bind(module, tuple(one.at(sizes) for one in inputs))
    except TargetError as error:
        return _Checked(tuple(fault("<import>", error)))
    except Unusable as unusable:
        return _Checked(tuple(fault(unusable.stage, unusable.error)))
    network, watch = followed(module, args, kwargs, training, names)
    network = replace(
        network,
        expected=tuple(one.at(sizes) for one in expected),
        is_batched=all(one.is_batched for one in inputs if one.is_tensor),
    )
    found, network = told(network, watch, codes, deadline)
    unseen: tuple[Unseen, ...] = ()
    if watch is not None:
        from convlint import paths

        unseen = paths.unseen(watch)
    hurried = watch is not None and watch.hurried
    return _Checked(
        tuple(found), network, unseen, footprint.ran(network, watch), hurried, tuple(sizes.items())
    )


def _sizes(inputs: tuple[InputSpec, ...], dims: Dims) -> dict[str, int]:
    """The size of every letter."""
    try:
        return representative(inputs, dims)
    except SpecError as error:
        raise Unusable("<inputs>", error) from None


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


def _name(model: Any) -> str:
    """What was handed over, without the `__repr__` of a module, which may be faulty or long."""
    from torch import nn

    if isinstance(model, nn.Module):
        return type(model).__qualname__
    return getattr(model, "__qualname__", None) or repr(model)


def _line(found: Diagnostic) -> str:
    place = found.location
    where = f"{place.filename}:{place.row}:{place.column}: " if place else ""
    return f"{where}{found.severity}[{found.code}] {found.message}"
