"""What one call asks for, from its words and the configuration, and the results of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convlint import cache, contract, lock, spec, symbol, target
from convlint.cache import Cache
from convlint.cli.status import Failure
from convlint.config import Config, ConfigError, find, load
from convlint.job import Job, Mode, Result, merge
from convlint.project import plan
from convlint.project.source import SourceError
from convlint.selection import Selection, SelectionError, split
from convlint.task import Task

if TYPE_CHECKING:
    from convlint.server import Server

_NOTHING = (
    "what should be checked? write convlint model.py:Net --input 1,3,8,8, configure targets in "
    "pyproject.toml (convlint init), or write # convlint: target Net 1,3,8,8 above a class"
)


@dataclass(frozen=True, slots=True)
class Call:
    """Tasks, and how they are done; what the command line says wins over the configuration."""

    tasks: tuple[Task, ...]
    selection: Selection
    config: Config
    timeout: float
    memory_limit: int | None
    fail_on: str
    output_format: str
    baseline: Path | None
    quiet: bool
    cache: Cache
    workers: int | None
    lock: Path
    """Where it is told for which sizes the targets must work."""


def asked(
    *,
    targets: Sequence[str],
    config_file: Path | None,
    isolated: bool,
    select: Sequence[str],
    ignore: Sequence[str],
    extend_select: Sequence[str],
    quiet: bool,
    timeout: float | None = None,
    memory_limit: int | None = None,
    fail_on: str | None = None,
    output_format: str | None = None,
    baseline: Path | None = None,
    workers: int | None = None,
    cache_dir: Path | None = None,
    no_cache: bool = False,
    **network: Any,
) -> Call:
    """What the options ask for."""
    config = configuration(config_file, isolated)
    kept = Cache(None if no_cache else _folder(cache_dir, config))
    selection = Selection(
        split(select) or config.select,
        (*config.ignore, *split(ignore)),
        (*config.extend_select, *split(extend_select)),
    )

    def recorded(task: Task) -> Iterator[str]:
        for job in task.jobs(selection):
            yield from kept.files(job)

    return Call(
        tuple(_tasks(targets, config, recorded, **network)),
        selection,
        config,
        timeout or config.timeout or 60.0,
        config.memory_limit if memory_limit is None else memory_limit,
        fail_on or config.fail_on or "warning",
        output_format or config.output_format or "text",
        baseline or (config.path(config.baseline) if config.baseline else None),
        quiet,
        kept,
        workers,
        config.path(lock.FILE),
    )


def results(
    call: Call,
    want_shapes: bool = False,
    server: Server | None = None,
    want_sizes: bool = False,
) -> list[Result]:
    """Run every task in every mode, where its result is not known; one result for each task."""
    from convlint.suppress import suppressed

    _validate(call)
    asked = jobs(call, want_shapes, want_sizes)
    known = [call.cache.get(job) for job in asked]
    missing = [job for job, result in zip(asked, known, strict=True) if result is None]
    found = iter(_kept(call, missing, server) if missing else ())
    ordered = iter([result or next(found) for result in known])
    merged = [merge([next(ordered) for _ in task.modes]) for task in call.tasks]
    return suppressed(merged, call.selection, call.cache.rules)


def jobs(call: Call, want_shapes: bool = False, want_sizes: bool = False) -> list[Job]:
    """Every task in every mode."""
    locked = {} if want_sizes else locks(call.lock, call.tasks, call.config)
    return [
        replace(job, locked=locked.get(lock.key(job.display, job.mode, call.lock)))
        for task in call.tasks
        for job in task.jobs(call.selection, want_shapes, want_sizes)
    ]


def locks(file: Path, tasks: Iterable[Task], config: Config) -> lock.Lock:
    """What is locked, of targets that are there."""
    try:
        found = lock.read(file)
        if found:
            lock.check(found, file, [one.display for one in (*tasks, *config.targets)])
    except lock.LockError as error:
        raise Failure(str(error)) from None
    return found


def _kept(call: Call, jobs: Sequence[Job], server: Server | None) -> list[Result]:
    """Run jobs, and keep what they give."""
    since = time.time()
    found = run(call, jobs, server)
    for job, result in zip(jobs, found, strict=True):
        call.cache.put(job, result, since)
    return found


def run(
    call: Call, jobs: Sequence[Job], server: Server | None = None, doing: str = "checking"
) -> list[Result]:
    """Run jobs; `doing` is what the user is told who waits for them."""
    from convlint import isolate
    from convlint.progress import Progress

    with Progress([job.display for job in jobs], not call.quiet, doing) as progress:
        found = isolate.run(
            jobs,
            timeout=call.timeout,
            memory_limit=call.memory_limit,
            quiet=call.quiet,
            waiting=progress.tick,
            workers=call.workers or _processors(),
            server=server,
        )
        results = []
        for result in found:
            progress.advance()
            results.append(result)
    return results


def _processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _folder(given: Path | None, config: Config) -> Path | None:
    """Where results are kept; None for nowhere."""
    if os.environ.get("CONVLINT_NO_CACHE"):
        return None
    if given is not None:
        return given
    return config.path(config.cache_dir or cache.FOLDER)


def configuration(file: Path | None, isolated: bool) -> Config:
    """What is configured, in the file that is named or the nearest one."""
    if isolated:
        return Config()
    try:
        found = file or find(Path.cwd())
        return load(found) if found is not None else Config()
    except ConfigError as error:
        raise Failure(str(error)) from None
    except OSError:  # the current folder was deleted
        return Config()


def _tasks(
    words: Sequence[str],
    config: Config,
    recorded: Callable[[Task], Iterable[str]],
    *,
    inputs: Sequence[str],
    dims: Sequence[str],
    arguments: Sequence[str],
    expected: Sequence[str],
    modes: Sequence[Mode],
    **_: Any,
) -> Iterator[Task]:
    """The tasks that the words name; all that are configured where there is no word.

    A word that is a file or folder names the configured tasks that it concerns.
    """
    changed: dict[str, Any] = {}
    if inputs:
        # What is configured of the letters is about the inputs that are configured.
        changed.update(inputs=_inputs(inputs), by="", dims=symbol.Dims())
    if modes:
        changed["modes"] = tuple(dict.fromkeys(modes))
    words = tuple(dict.fromkeys(words))
    try:
        tasks = _wanted(words, config, recorded, bool(inputs))
    except SourceError as error:
        raise Failure(str(error)) from None
    for task in tasks:
        task = replace(task, target=_with(task, arguments), **changed)
        task = replace(task, dims=_dims(dims, task))
        yield replace(task, expected=_contracts(expected, task)) if expected else task


def _wanted(
    words: Sequence[str],
    config: Config,
    recorded: Callable[[Task], Iterable[str]],
    given: bool,
) -> list[Task]:
    """The tasks as they are planned; `given` tells whether the command line has their inputs."""
    named = {task.display: task for task in config.targets}
    paths = [word for word in words if word not in named and os.path.exists(word)]
    planned = plan.planned(config, plan.sources(config)) if paths or not words else ()
    if not words and not planned:
        raise Failure(_NOTHING)
    if not words:
        return list(planned)
    if not planned:  # then a file without the name of a network is a slip
        paths = []
    tasks = [
        one for word in words if word not in paths for one in _named(word, named, config, given)
    ]
    if paths:
        from convlint.concern import concerned

        found = concerned(planned, paths, config.file, recorded)
        tasks += [one for one in found if one not in tasks]
    return tasks


def _named(word: str, named: Mapping[str, Task], config: Config, given: bool) -> Iterable[Task]:
    """What a word names: as it is configured, and else as comments beside the network have it.

    Args:
        given: whether the inputs are given.
    """
    task = named.get(word) or _configured(_target(word), config)
    if task.inputs:
        return (task,)
    found = plan.completed(task, plan.beside(task.target))
    # Of several comments, none is the one to be linted with other inputs.
    return (task,) if given and len(found) > 1 else found


def _configured(found: target.Target, config: Config) -> Task:
    """The task for a target of the command line: as it is configured, where it is just once."""
    same = [task for task in config.targets if plan.is_same(task.target, found)]
    if len(same) == 1 and not found.called:
        return same[0]
    return Task(found)


def _target(word: str) -> target.Target:
    try:
        return target.parse(word)
    except target.TargetError as error:
        from convlint.cli.nameless import hint

        raise Failure(hint(word) or str(error)) from None


def _with(task: Task, arguments: Sequence[str]) -> target.Target:
    """The task's target, with the values of `--arg` added; what a comment says gives way."""
    try:
        given = map(target.parse_argument, arguments)
        return task.target.called_with(given, instead=bool(task.by))
    except target.TargetError as error:
        raise Failure(str(error)) from None


def _inputs(texts: Sequence[str]) -> tuple[spec.InputSpec, ...]:
    try:
        return spec.united([spec.parse(text) for text in texts])
    except spec.SpecError as error:
        raise Failure(f"--input: {error}") from None


def _dims(texts: Sequence[str], task: Task) -> symbol.Dims:
    """What is said of the letters of a task's inputs; where none are given, it is checked later."""
    try:
        dims = task.dims.below(symbol.parse(texts))
        if spec.letters(task.inputs):
            from convlint.representative import representative

            representative(task.inputs, dims)  # now, without waiting for torch
        elif task.inputs:
            dims.check(task.inputs)
    except spec.SpecError as error:
        raise Failure(f"{'--dim' if texts else task.origin}: {error}") from None
    return dims


def _contracts(texts: Sequence[str], task: Task) -> tuple[contract.Contract, ...]:
    try:
        return contract.parse_all(texts, spec.letters(task.inputs))
    except spec.SpecError as error:
        raise Failure(f"--expect: {error}") from None


def _validate(call: Call) -> None:
    """Refuse what selects no rule: before torch is imported, and only where rules are named."""
    config = call.config
    configured = {
        Selection(config.select, config.ignore, config.extend_select),
        *(Selection(ignore=task.ignore) for task in config.targets),
    }
    if not {call.selection, *configured} - {Selection()}:
        return
    known = tuple(call.cache.rules())
    try:
        for selection in configured:
            selection.codes(known)
    except SelectionError as error:
        raise Failure(f"{config.place(error.selector)}: {error}") from None
    try:
        call.selection.codes(known)
    except SelectionError as error:
        raise Failure(str(error)) from None
