"""Processes that check jobs, several at a time."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Final, TypeAlias, cast

from convlint import child
from convlint.child import Terms, lost, silent
from convlint.job import Job, Result

Waiting: TypeAlias = Callable[[], None]

TICK: Final = 0.1


def checked(
    jobs: Sequence[Job], terms: Terms, workers: int, waiting: Waiting
) -> Iterator[tuple[int, Result]]:
    """The results with the places of their jobs, as they come.

    Args:
        workers: how many processes there are at a time.
        waiting: is called about ten times a second.
    """
    left = deque(enumerate(jobs))
    running: dict[int, _Check] = {}
    try:
        while left or running:
            while left and len(running) < workers:
                place, job = left.popleft()
                with undisturbed():
                    running[place] = _Check(job, terms)
            if not wait([one.pipe for one in running.values()], TICK):
                waiting()
            for place, one in list(running.items()):
                result = one.result()
                if result is not None:
                    _end(running.pop(place))
                    yield place, result
    finally:
        _end(*running.values())


def context() -> ForkContext | SpawnContext:
    """How processes are made here."""
    found = multiprocessing.get_context("fork" if child.can_fork() else "spawn")
    return cast("ForkContext | SpawnContext", found)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let no signal come between the start of a process and the note that there is one."""
    if not child.can_fork():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, child.ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def flush() -> None:
    """Write what was printed so far: a forked child would print it once more."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()


def end(*processes: BaseProcess) -> None:
    """End children with everything that they have started."""
    for process in processes:
        if child.can_fork() and process.pid is not None:
            # The child leads a group of its own; before it has got so far there is none.
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
    for process in processes:
        process.join(child.GRACE)


class _Check:
    """One job in a child of this process."""

    def __init__(self, job: Job, terms: Terms) -> None:
        self._job = job
        self._terms = terms
        flush()
        made = context()
        self.pipe, sender = made.Pipe(duplex=False)
        self.process: BaseProcess = made.Process(target=child.check, args=(sender, job, terms))
        self.process.start()
        sender.close()
        self._deadline = time.monotonic() + terms.seconds

    def result(self) -> Result | None:
        """What was found, or what became of it; None where that is still open."""
        alive = self.process.is_alive()  # asked first: what a dead child has sent is in the pipe
        if self.pipe.poll():
            return self._received()
        if not alive:
            return silent(self._job, self.process.exitcode)
        if time.monotonic() >= self._deadline:
            return lost(
                self._job,
                f"the check was ended after {self._terms.seconds:g} s",
                "give it more time with --timeout, or a smaller input",
            )
        return None

    def _received(self) -> Result:
        try:
            answer = received(self.pipe)
        except (EOFError, OSError):
            self.process.join(child.GRACE)
            return silent(self._job, self.process.exitcode)
        except Exception:  # the network's code has written there, or changed what writes it
            answer = None
        if not isinstance(answer, Result):
            return lost(self._job, "the network's code has spoilt the answer of the check")
        return answer


def _end(*checks: _Check) -> None:
    """Leave nothing of them."""
    for one in checks:
        one.pipe.close()
    end(*(one.process for one in checks))


def received(pipe: Connection) -> object:
    """What the next message says."""
    answer: object = pickle.loads(pipe.recv_bytes())
    return answer
