"""What is linted where nothing is named: what is configured, and what comments ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from convlint.config import Config
from convlint.discover import declared
from convlint.project.files import python_files
from convlint.project.source import NoPythonError, Source
from convlint.target import Target
from convlint.task import Task


def sources(config: Config, paths: Sequence[Path] = ()) -> tuple[Source, ...]:
    """The Python files of the project, or of the files and folders that are named."""
    root = config.root.absolute()
    found: dict[Path, Source] = {}
    for path in paths or (root,):
        path = path.absolute()
        for file in python_files(path, config.exclude) if path.is_dir() else (path,):
            if file.suffix == ".py":
                found[file] = Source(file, root)
    return tuple(found.values())


def planned(config: Config, files: Iterable[Source]) -> tuple[Task, ...]:
    """The configured targets and those that comments declare, each once.

    Raises:
        SourceError: a comment that cannot be read.
    """
    asked = [task for source in files for task in declared(source)]
    tasks: list[Task] = []
    for task in config.targets:
        tasks += completed(task, asked)
    taken = {_key(task) for task in tasks}
    return _named([*tasks, *(task for task in asked if _key(task) not in taken)])


def completed(task: Task, asked: Sequence[Task]) -> tuple[Task, ...]:
    """A task that has no inputs with those that comments give its network: one for each."""
    same = [one for one in asked if is_same(one.target, task.target)]
    called = bool(task.target.called or task.target.args or task.target.kwargs)
    if called:  # other arguments may need other inputs, but mostly they do not
        exact = [one for one in same if _arguments(one) == _arguments(task)]
        same = exact or same
    if task.inputs or not same:
        return (task,)
    kept = task.target if called else None
    found = [
        replace(
            task,
            target=kept or replace(task.target, args=one.target.args, kwargs=one.target.kwargs),
            inputs=one.inputs,
            expected=task.expected or one.expected,
            modes=task.modes if task.modes != Task(task.target).modes else one.modes,
            origin=one.origin if task.by_word else task.origin,
            by=one.by,
        )
        for one in same
    ]
    return _named(list({_key(one): one for one in found}.values()))


def beside(target: Target) -> tuple[Task, ...]:
    """What the comments of a target's own file ask for.

    Raises:
        SourceError: a comment cannot be read.
    """
    root = Path(target.root).absolute()
    for file in places(target):
        if file.suffix == ".py" and file.is_file():
            try:
                found = tuple(declared(Source(file, root)))
            except NoPythonError:  # a finding, where it is imported
                return ()
            # The target is written as the caller has written it, and not as its file is called.
            return tuple(replace(one, target=_written(one.target, target)) for one in found)
    return ()


def _written(one: Target, like: Target) -> Target:
    return replace(one, source=like.source, is_file=like.is_file, root=like.root)


def places(target: Target) -> tuple[Path, ...]:
    """The files that the source of a target may be."""
    if target.is_file:
        return (target.path.absolute(),)
    file = Path(target.root).absolute().joinpath(*target.source.split("."))
    return file.with_suffix(".py"), file / "__init__.py"


def is_same(one: Target, other: Target) -> bool:
    """Whether two targets name one object, whatever it is called with."""
    if one.name != other.name:
        return False
    if one.is_file or other.is_file:
        return not set(places(one)).isdisjoint(places(other))
    return one.source == other.source


def _arguments(task: Task) -> tuple[object, ...]:
    return repr(task.target.args), repr(sorted(task.target.kwargs))


def _key(task: Task) -> tuple[object, ...]:
    inputs = tuple(map(str, task.inputs))
    return (
        places(task.target),
        task.target.name,
        *_arguments(task),
        inputs,
        task.modes,
        str(task.expected),
    )


def _named(tasks: list[Task]) -> tuple[Task, ...]:
    """The tasks with names of their own: the inputs are added where two would be called alike."""
    counts = Counter(task.display for task in tasks)

    def names() -> Iterator[Task]:
        for task in tasks:
            if counts[task.display] > 1 and task.by:
                words = " ".join(map(str, task.inputs))
                task = replace(task, name=f"{task.display} {words}".strip())
            yield task

    return tuple(names())
