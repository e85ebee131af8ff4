"""Check a target in a child process, so that nothing the user's code does can reach ours.

The child's stdout is not our stdout, its `sys.exit` is not our exit, and its endless loop ends
with the time limit.  The parent imports neither torch nor networkx: where processes can be
forked, the child pays for that once, and for several targets one nursery process imports torch
and forks a child for each.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import pickle
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from convlint import memory
from convlint.diagnostic import Diagnostic, Location, Severity
from convlint.job import Job, Result
from convlint.stream import bounded

if TYPE_CHECKING:
    from types import FrameType

CODE: Final = "CL003"
NAME: Final = "tracing-lost"

Waiting: TypeAlias = Callable[[], None]

_TICK: Final = 0.1
_GRACE: Final = 5.0
_MAIN: Final = 0.8
"""The part of the time after which nothing new is begun."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """What one check may take: seconds, and bytes (0: as many as there are)."""

    seconds: float
    memory: int


class _Silence(Exception):
    """No answer comes; the arguments are a message, and perhaps a help."""


def run(
    jobs: Sequence[Job],
    *,
    timeout: float = 60.0,
    memory_limit: int | None = None,
    quiet: bool = False,
    waiting: Waiting = lambda: None,
) -> Iterator[Result]:
    """One result for every job, in order; `waiting` is called about ten times a second.

    Args:
        timeout: seconds that each check may take.
        memory_limit: bytes that each check may take; 0 for no limit, None for half of the memory.
    """
    limits = _Limits(timeout, memory.half() if memory_limit is None else memory_limit)
    if len(jobs) > 1 and _can_fork():
        yield from _nursed(jobs, limits, quiet, waiting)
    else:
        for job in jobs:
            yield _alone(job, limits, quiet, waiting)


def _alone(job: Job, limits: _Limits, quiet: bool, waiting: Waiting) -> Result:
    """Check one job in a child of this process."""
    process, pipe = _start(_check, job, limits, quiet)
    try:
        return _await(process, pipe, limits.seconds, waiting)
    except _Silence as silence:
        return _lost(job, *silence.args)
    finally:
        _end(process, pipe)


def _nursed(
    jobs: Sequence[Job], limits: _Limits, quiet: bool, waiting: Waiting
) -> Iterator[Result]:
    """Check jobs in grandchildren, forked by a child that has imported torch already."""
    process, pipe = _start(_nurse, jobs, limits, quiet)
    done = 0
    try:
        while done < len(jobs):
            done += 1
            # The grandchild's own limit comes first; this one is for a nurse that is gone.
            yield _await(process, pipe, 2 * limits.seconds + _GRACE, waiting)
    except _Silence as silence:
        yield _lost(jobs[done - 1], *silence.args)
    finally:
        process.terminate()  # and it ends the grandchild
        process.join(1)
        _end(process, pipe)
    for job in jobs[done:]:
        yield _alone(job, limits, quiet, waiting)


def _can_fork() -> bool:
    # macOS has fork, but its frameworks, which torch loads, do not survive it.
    return sys.platform.startswith("linux")


def _context() -> ForkContext | SpawnContext:
    context = multiprocessing.get_context("fork" if _can_fork() else "spawn")
    return cast("ForkContext | SpawnContext", context)


def _start(
    body: Callable[..., None], work: object, limits: _Limits, quiet: bool
) -> tuple[BaseProcess, Connection]:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()  # else a forked child would print it once more
    context = _context()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=body, args=(sender, work, limits, quiet))
    process.start()
    sender.close()
    return process, receiver


def _await(process: BaseProcess, pipe: Connection, seconds: float, waiting: Waiting) -> Result:
    """The result that comes over `pipe`.

    Raises:
        _Silence: none comes.
    """
    deadline = time.monotonic() + seconds
    while True:
        alive = process.is_alive()  # asked first: what a dead child has sent is in the pipe
        if pipe.poll(min(_TICK, max(0.0, deadline - time.monotonic()))):
            return _received(process, pipe)
        if not alive:
            raise _cause(process.exitcode)
        if time.monotonic() >= deadline:
            raise _Silence(
                f"the check was ended after {seconds:g} s",
                "give it more time with --timeout, or a smaller input",
            )
        waiting()


def _received(process: BaseProcess, pipe: Connection) -> Result:
    try:
        answer = pickle.loads(pipe.recv_bytes())
    except (EOFError, OSError):
        process.join(_GRACE)
        raise _cause(process.exitcode) from None
    except Exception:  # the network's code has written into the pipe, or changed what writes it
        answer = None
    if not isinstance(answer, Result):
        raise _Silence("the network's code has spoilt the answer of the check")
    return answer


def _end(process: BaseProcess, pipe: Connection) -> None:
    """Close the pipe, and end the child with everything it has started."""
    pipe.close()
    if _can_fork() and process.pid is not None:
        # The child leads a group of its own; before it has got so far there is none.
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join(_GRACE)


def _nurse(pipe: Connection, jobs: Sequence[Job], limits: _Limits, quiet: bool) -> None:
    """Body of the process that imports torch once and forks a child for every job."""
    _detach(quiet)

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    gc.disable()
    with contextlib.suppress(BaseException):
        import torch  # noqa: F401
    gc.freeze()
    for job in jobs:
        pipe.send_bytes(pickle.dumps(_alone(job, limits, quiet, lambda: None)))
    _leave(0)


def _check(pipe: Connection, job: Job, limits: _Limits, quiet: bool) -> None:
    """Body of the process that checks one job."""
    gc.disable()  # it lives for a second; collecting takes a twelfth of the import of torch
    own, status = os.getpid(), 1
    try:
        _detach(quiet)
        _limit(limits)
        answer = _answer(job, limits)
        if os.getpid() == own:  # else this is another one, that the network's code has forked
            pipe.send_bytes(answer)
        status = 0
    finally:
        _leave(status)


def _answer(job: Job, limits: _Limits) -> bytes:
    """The result of a job, or what became of it."""
    began = time.monotonic()
    try:
        from convlint.lint import run as check

        return pickle.dumps(check(job, began + limits.seconds * _MAIN))
    except BaseException as error:
        memory.limit(0)  # what has run out of it can at least say so
        return pickle.dumps(_failed(job, error, limits))


def _leave(status: int) -> None:
    """Exit at once: no `atexit` of the user's code, no waiting for its threads."""
    try:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
    finally:
        os._exit(status)  # whatever the user's code has made of what is called here


def _detach(quiet: bool) -> None:
    """Take stdin and stdout away, and stand apart from the terminal's Ctrl-C."""
    if _can_fork():
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    multiprocessing.set_start_method(None, force=True)  # the user's code may still choose one
    os.environ.setdefault("PYTORCH_JIT", "0")  # torch reads it when it is imported
    # Whoever has no NumPy need not be told so by torch at every run.
    warnings.filterwarnings("ignore", "Failed to initialize NumPy")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing if quiet else 2, 1)
    os.close(nothing)
    # A caller may have put other objects there (click's test runner does).
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = bounded(1), bounded(2)


def _limit(limits: _Limits) -> None:
    """Limits that hold even where the parent is gone."""
    if _can_fork():
        signal.setitimer(signal.ITIMER_REAL, limits.seconds + _GRACE)
    memory.limit(limits.memory)


def _cause(exitcode: int | None) -> _Silence:
    """Why a child is silent that has ended so."""
    if exitcode is None:
        return _Silence("the check stopped answering")
    if exitcode >= 0:
        return _Silence(f"the network's code ended the process with status {exitcode}")
    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    message = f"the process of the check was killed by {name}"
    if -exitcode != getattr(signal, "SIGKILL", 9):
        return _Silence(message)
    help = "if it was the system, for want of memory, try a smaller input or --memory-limit"
    return _Silence(f"{message} (out of memory?)", help)


def _lost(job: Job, message: str, *help: str, at: Location | None = None) -> Result:
    found = Diagnostic(
        CODE, NAME, Severity.ERROR, message, at, target=job.display, help=tuple(help)
    )
    return Result(job.display, (found,), incomplete=True)


def _failed(job: Job, error: BaseException, limits: _Limits) -> Result:
    """The check ended in an exception: whose, and what it says."""
    import traceback

    from convlint.load import exiting
    from convlint.quote import described

    where = _place(error)
    if memory.is_exhausted(error):
        most = f": its limit is {memory.written(limits.memory)}" if limits.memory else ""
        return _lost(
            job,
            f"the check ran out of memory{most}",
            "give it more with --memory-limit, or a smaller input",
            at=where,
        )
    if isinstance(error, SystemExit):
        return _lost(job, f"the network's code called {exiting(error)}", at=where)
    if os.environ.get("CONVLINT_TRACEBACK"):
        traceback.print_exception(error)
    if where is not None or not isinstance(error, Exception):
        return _lost(job, f"the network's code raised {described(error)}", at=where)
    return _lost(
        job,
        f"internal error: {described(error)}",
        "please report this, with the output of CONVLINT_TRACEBACK=1",
    )


def _place(error: BaseException) -> Location | None:
    """The innermost line of the network's code that `error` came through."""
    from convlint.frame import Frame, FrameFilter

    known, trace, entered, place = FrameFilter(), error.__traceback__, False, None
    while trace is not None:
        code = trace.tb_frame.f_code
        entered = entered or known.is_entry(code)
        if entered and known.is_user(code):
            place = Frame(code, trace.tb_lasti).location
        trace = trace.tb_next
    return place
