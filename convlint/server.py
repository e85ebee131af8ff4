"""A child process that has imported torch, and forks a process for each job."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import pickle
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Final, NoReturn

from convlint import child, pool
from convlint.child import Terms
from convlint.job import Job, Result
from convlint.pool import Waiting

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

_START: Final = 60.0
"""Seconds that importing torch may take on a machine that does much else."""


_MOMENT: Final = 0.01
"""Seconds after which a signal is repeated."""


class Gone(Exception):
    """The server does not answer any more; `status` is its exit status, where it has one."""

    def __init__(self, status: int | None) -> None:
        super().__init__()
        self.status = status


class Server:
    """It is started when it is first needed, and ends with `close`; only where there is fork."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def checked(
        self, jobs: Sequence[Job], terms: Terms, workers: int, waiting: Waiting
    ) -> Iterator[tuple[int, Result]]:
        """As `pool.checked`.

        Raises:
            Gone: before all results are there; the server is closed then.
        """
        process, pipe = self._started()
        left = len(jobs)
        try:
            pipe.send_bytes(pickle.dumps((jobs, terms, workers)))
            while left:
                answer = self._next(process, pipe, terms, waiting)
                left -= 1
                yield answer
        except (EOFError, OSError):
            process.join(child.GRACE)
            raise Gone(process.exitcode) from None
        finally:
            if left:  # what it still has to say is not for the next caller
                self.close()

    @property
    def pid(self) -> int | None:
        """The process, where there is one."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Let it import torch already."""
        if child.can_fork():
            self._started()

    def close(self) -> None:
        """End it, and the checks that it has begun."""
        if self._process is None or self._pipe is None:
            return
        process, self._process = self._process, None
        process.terminate()  # and it ends its children
        process.join(child.GRACE)
        self._pipe.close()
        pool.end(process)

    def _started(self) -> tuple[BaseProcess, Connection]:
        if self._process is not None and not self._process.is_alive():
            self.close()
        if self._process is None or self._pipe is None:
            pool.flush()
            made = pool.context()
            self._pipe, its = made.Pipe()
            with pool.undisturbed():
                self._process = made.Process(target=_serve, args=(its, self._pipe))
                self._process.start()
            its.close()
        return self._process, self._pipe

    def _next(
        self, process: BaseProcess, pipe: Connection, terms: Terms, waiting: Waiting
    ) -> tuple[int, Result]:
        # The limits of the checks come first; this one is for a server that is stuck.
        deadline = time.monotonic() + 2 * terms.seconds + child.GRACE + _START
        while True:
            alive = process.is_alive()
            if pipe.poll(pool.TICK):
                answer = pool.received(pipe)
                assert isinstance(answer, tuple)
                return answer
            if not alive or time.monotonic() >= deadline:
                raise Gone(process.exitcode)
            waiting()


def _serve(pipe: Connection, other: Connection) -> None:
    """Body of the process."""
    other.close()  # else the end of the parent would not be heard
    child.detach(quiet=False)
    signal.signal(signal.SIGTERM, _stop)
    sys.unraisablehook = functools.partial(_swallowed, os.getpid())
    gc.disable()
    with contextlib.suppress(BaseException):
        _warm()
    gc.freeze()
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        while True:
            jobs, terms, workers = pickle.loads(pipe.recv_bytes())
            if any(job.want_proposals for job in jobs):
                _warm_for_proposals()
            for answer in pool.checked(jobs, terms, workers, lambda: None):
                pipe.send_bytes(pickle.dumps(answer))
    child.leave(0)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _swallowed(server: int, lost: UnraisableHookArgs) -> None:
    """Stop a moment later where the signal came within a finalizer, which drops exceptions."""
    if isinstance(lost.exc_value, SystemExit) and os.getpid() == server:
        signal.signal(signal.SIGALRM, _stop)
        signal.setitimer(signal.ITIMER_REAL, _MOMENT)
    else:
        sys.__unraisablehook__(lost)


def _warm() -> None:
    """Import what every check needs."""
    import torch  # noqa: F401

    from convlint import lint, paths, trace  # noqa: F401
    from convlint.rule import rules

    rules()


def _warm_for_proposals() -> None:
    """Import what repairs need, once: libcst takes longer than a check."""
    with contextlib.suppress(Exception):  # a check tells what is the matter
        from convlint.fix import proposal

        proposal.load()
        gc.freeze()
