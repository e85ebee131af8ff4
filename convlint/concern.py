"""Which of the configured targets a changed file concerns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from convlint.closure import Sources
from convlint.task import Task


def concerned(
    tasks: Iterable[Task],
    changed: Iterable[str],
    config_file: Path | None,
    recorded: Callable[[Task], Iterable[str]],
) -> Iterator[Task]:
    """The tasks for which something has changed.

    A task whose own file is not found is one: it is not for us to say that it is well.

    Args:
        changed: files, and folders for all that is in them.
        recorded: the files that a task was found to depend on when it was last checked.
    """
    paths = [os.path.realpath(one) for one in changed]
    if config_file is not None and _meets(paths, [config_file]):
        yield from tasks
        return
    sources = Sources()
    for task in tasks:
        known = sources.closure(task.target)
        if known is None or _meets(paths, [*known, *recorded(task), *_named(task)]):
            yield task


def _meets(paths: Iterable[str], files: Iterable[str | Path]) -> bool:
    """Whether one of `files` is one of `paths`, or in it."""
    real = [os.path.realpath(one) for one in files]
    return any(one == path or one.startswith(path + os.sep) for one in real for path in paths)


def _named(task: Task) -> Iterator[str]:
    """The files that stand in the arguments of the target, as `config="net.yaml"`."""
    for value in (*task.target.args, *task.target.kwargs, *(one.value for one in task.inputs)):
        for text in _texts(value):
            for path in (text, os.path.join(task.target.root, text)):
                if os.path.exists(path):
                    yield path


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str) and value and "\0" not in value:
        yield value
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _texts(pair)
    elif isinstance(value, (list, tuple, set)):
        for one in value:
            yield from _texts(one)
