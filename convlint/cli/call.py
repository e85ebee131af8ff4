"""What one call asks for, from its words and the configuration, and the results of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convlint import contract, spec, target
from convlint.cli.status import Failure
from convlint.config import Config, ConfigError, find, load
from convlint.job import Mode, Result
from convlint.project import plan
from convlint.project.source import SourceError
from convlint.selection import Selection, SelectionError, split
from convlint.task import Task

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
    **network: Any,
) -> Call:
    """What the options ask for."""
    config = configuration(config_file, isolated)
    selection = Selection(
        split(select) or config.select,
        (*config.ignore, *split(ignore)),
        (*config.extend_select, *split(extend_select)),
    )
    return Call(
        tuple(_tasks(targets, config, **network)),
        selection,
        config,
        timeout or config.timeout or 60.0,
        config.memory_limit if memory_limit is None else memory_limit,
        fail_on or config.fail_on or "warning",
        output_format or config.output_format or "text",
        baseline or (config.path(config.baseline) if config.baseline else None),
        quiet,
    )


def results(call: Call, want_shapes: bool = False) -> list[Result]:
    """Run every task in every mode; one result for each task."""
    from convlint import isolate
    from convlint.job import merge
    from convlint.progress import Progress
    from convlint.suppress import suppressed

    _validate(call)
    jobs = [job for task in call.tasks for job in task.jobs(call.selection, want_shapes)]
    found: list[Result] = []
    with Progress([job.display for job in jobs], not call.quiet) as progress:
        for result in isolate.run(
            jobs,
            timeout=call.timeout,
            memory_limit=call.memory_limit,
            quiet=call.quiet,
            waiting=progress.tick,
        ):
            found.append(result)
            progress.advance()
    ordered = iter(found)
    merged = [merge([next(ordered) for _ in task.modes]) for task in call.tasks]
    return suppressed(merged, call.selection)


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
    *,
    inputs: Sequence[str],
    arguments: Sequence[str],
    expected: Sequence[str],
    modes: Sequence[Mode],
    **_: Any,
) -> Iterator[Task]:
    """The tasks that the words name; all that are configured where there is no word."""
    changed: dict[str, Any] = {}
    if inputs:
        changed.update(inputs=_inputs(inputs), by="")
    if expected:
        changed["expected"] = _contracts(expected)
    if modes:
        changed["modes"] = tuple(dict.fromkeys(modes))
    named = {task.display: task for task in config.targets}
    try:
        if words:
            words = tuple(dict.fromkeys(words))
            tasks = [one for word in words for one in _named(word, named, config, bool(inputs))]
        else:
            tasks = list(plan.planned(config, plan.sources(config)))
    except SourceError as error:
        raise Failure(str(error)) from None
    if not tasks:
        raise Failure(_NOTHING)
    for task in tasks:
        yield replace(task, target=_with(task, arguments), **changed)


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
        raise Failure(str(error)) from None


def _with(task: Task, arguments: Sequence[str]) -> target.Target:
    """The task's target, with the values of `--arg` added."""
    try:
        given = [target.parse_argument(one) for one in arguments]
    except target.TargetError as error:
        raise Failure(str(error)) from None
    kwargs = dict(task.target.kwargs)
    own = kwargs if not task.by else {}  # what a comment says gives way
    for name, value in given:
        if name in own:
            raise Failure(f"the argument `{name}` of `{task.display}` is given twice")
        kwargs[name] = value
    return replace(task.target, kwargs=tuple(kwargs.items()))


def _inputs(texts: Sequence[str]) -> tuple[spec.InputSpec, ...]:
    try:
        found = tuple(spec.parse(text) for text in texts)
        spec.distinct(found)
    except spec.SpecError as error:
        raise Failure(f"--input: {error}") from None
    return found


def _contracts(texts: Sequence[str]) -> tuple[contract.Contract, ...]:
    try:
        return contract.parse_all(texts)
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
    from convlint.rule import rules

    known = tuple(rules())
    try:
        for selection in configured:
            selection.codes(known)
    except SelectionError as error:
        raise Failure(f"{config.place(error.selector)}: {error}") from None
    try:
        call.selection.codes(known)
    except SelectionError as error:
        raise Failure(str(error)) from None
