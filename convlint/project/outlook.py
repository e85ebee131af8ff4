"""What `convlint` lints in a project, and which networks in it nobody asks to lint."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from convlint.config import Config
from convlint.discover import Use, uses
from convlint.project import plan
from convlint.project.network import Network, networks
from convlint.project.source import Source, SourceError
from convlint.task import Task


@dataclass(frozen=True, slots=True)
class Listed:
    """A target; `use` is what its network says of its inputs, where nobody else does."""

    task: Task
    use: Use | None = None


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A network that is in no target, and how it is called, where anything tells."""

    network: Network
    use: Use | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Targets, and the networks that are in none."""

    listed: tuple[Listed, ...] = ()
    unlisted: tuple[Unlisted, ...] = ()


def outlook(config: Config, paths: Sequence[Path] = ()) -> Outlook:
    """What is there, by the text of the files alone.

    Args:
        paths: the files and folders to look at; the project where there are none.

    Raises:
        SourceError: a comment that cannot be read.
    """
    chosen = plan.sources(config, paths)
    sources = tuple({one.path: one for one in (*plan.sources(config), *chosen)}.values())
    tasks = plan.planned(config, sources)
    found = tuple(_networks(sources))
    called: dict[int, Use] = {}
    for use in uses(found, sources):
        called.setdefault(id(use.network), use)
    asked = {id(one): [t for t in tasks if plan.is_same(one.target, t.target)] for one in found}
    told = {
        id(task): called[id(one)]
        for one in found
        for task in asked[id(one)]
        if not task.inputs and id(one) in called and called[id(one)].by_itself
    }
    within = {*(one.path for one in chosen), *(one.absolute() for one in paths)}
    return Outlook(
        tuple(
            Listed(task, told.get(id(task)))
            for task in tasks
            if not paths or not within.isdisjoint(plan.places(task.target))
        ),
        tuple(
            Unlisted(one, called.get(id(one)))
            for one in found
            if not asked[id(one)] and one.source.path in within
        ),
    )


def _networks(sources: Sequence[Source]) -> Iterator[Network]:
    for source in sources:
        if not source.is_test:  # a network in a test is there for the test
            with contextlib.suppress(SourceError):  # told where it is run
                yield from networks(source)
