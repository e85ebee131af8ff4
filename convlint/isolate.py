"""Check targets in child processes, so that nothing the user's code does can reach ours.

The child's stdout is not our stdout, its `sys.exit` is not our exit, and its endless loop ends
with the time limit.  The parent imports neither torch nor networkx: where processes can be
forked, the child pays for that once, and for several targets one server imports torch and forks
a child for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convlint import child, memory, pool
from convlint.child import Terms
from convlint.job import Job, Result
from convlint.pool import Waiting
from convlint.server import Gone, Server


def run(
    jobs: Sequence[Job],
    *,
    timeout: float = 60.0,
    memory_limit: int | None = None,
    quiet: bool = False,
    waiting: Waiting = lambda: None,
    workers: int = 1,
    server: Server | None = None,
) -> Iterator[Result]:
    """One result for every job, in order; `waiting` is called about ten times a second.

    Args:
        timeout: seconds that each check may take.
        memory_limit: bytes that each check may take; 0 for no limit, None for half of the memory.
        workers: how many checks there are at a time.
        server: one that is there already, and stays.
    """
    limit = memory.half() if memory_limit is None else memory_limit
    terms = Terms(timeout, limit, quiet)
    found: dict[int, Result] = {}
    place = 0
    for done, result in _checked(jobs, terms, max(1, min(workers, len(jobs))), waiting, server):
        found[done] = result
        while place in found:
            yield found.pop(place)
            place += 1


def _checked(
    jobs: Sequence[Job], terms: Terms, workers: int, waiting: Waiting, server: Server | None
) -> Iterator[tuple[int, Result]]:
    """The results as they come: by a server where that saves imports."""
    if not child.can_fork() or (server is None and len(jobs) < 2):
        yield from pool.checked(jobs, terms, workers, waiting)
    elif server is not None:
        yield from _served(jobs, terms, workers, waiting, server)
    else:
        with Server() as own:
            yield from _served(jobs, terms, workers, waiting, own)


def _served(
    jobs: Sequence[Job], terms: Terms, workers: int, waiting: Waiting, server: Server
) -> Iterator[tuple[int, Result]]:
    left = dict(enumerate(jobs))
    try:
        for place, result in server.checked(jobs, terms, workers, waiting):
            del left[place]
            yield place, result
    except Gone:  # the code of a network has ended it, or the system: find out whose
        for place, job in left.items():
            yield place, _apart(job, terms, waiting)


def _apart(job: Job, terms: Terms, waiting: Waiting) -> Result:
    """The result of a job that may end whatever process has started it."""
    with Server() as own:
        try:
            ((_, result),) = own.checked([job], terms, 1, waiting)
        except Gone as gone:
            return child.silent(job, gone.status)
    return result
