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
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from convlint.diagnostic import Diagnostic, Severity
from convlint.job import Job, Result

if TYPE_CHECKING:
    from types import FrameType

CODE: Final = "CL003"
NAME: Final = "tracing-lost"

Waiting: TypeAlias = Callable[[], None]

_TICK: Final = 0.1
_GRACE: Final = 5.0
_MEMORY_SHARE: Final = 0.5


def run(
    jobs: Sequence[Job],
    *,
    timeout: float = 60.0,
    quiet: bool = False,
    waiting: Waiting = lambda: None,
) -> Iterator[Result]:
    """One result for every job, in order; `waiting` is called about ten times a second."""
    if len(jobs) > 1 and _can_fork():
        yield from _nursed(jobs, timeout, quiet, waiting)
    else:
        for job in jobs:
            yield _alone(job, timeout, quiet, waiting)


def _alone(job: Job, timeout: float, quiet: bool, waiting: Waiting) -> Result:
    """Check one job in a child of this process."""
    process, pipe = _start(_check, job, timeout, quiet)
    try:
        return _await(process, pipe, job, timeout, waiting)
    finally:
        _end(process, pipe)


def _nursed(jobs: Sequence[Job], timeout: float, quiet: bool, waiting: Waiting) -> Iterator[Result]:
    """Check jobs in grandchildren, forked by a child that has imported torch already."""
    process, pipe = _start(_nurse, jobs, timeout, quiet)
    done = 0
    try:
        while done < len(jobs):
            # The grandchild's own limit comes first; this one is for a nurse that is gone.
            result = _await(process, pipe, jobs[done], 2 * timeout + _GRACE, waiting)
            yield result
            done += 1
            if not process.is_alive() and not pipe.poll():
                break
    finally:
        process.terminate()  # and it ends the grandchild
        process.join(1)
        _end(process, pipe)
    for job in jobs[done:]:
        yield _alone(job, timeout, quiet, waiting)


def _can_fork() -> bool:
    # macOS has fork, but its frameworks, which torch loads, do not survive it.
    return sys.platform.startswith("linux")


def _context() -> ForkContext | SpawnContext:
    context = multiprocessing.get_context("fork" if _can_fork() else "spawn")
    return cast("ForkContext | SpawnContext", context)


def _start(
    body: Callable[..., None], work: object, timeout: float, quiet: bool
) -> tuple[BaseProcess, Connection]:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()  # else a forked child would print it once more
    context = _context()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=body, args=(sender, work, timeout, quiet))
    process.start()
    sender.close()
    return process, receiver


def _await(
    process: BaseProcess, pipe: Connection, job: Job, timeout: float, waiting: Waiting
) -> Result:
    """The result that comes over `pipe`, or one that tells why none came."""
    deadline = time.monotonic() + timeout
    while True:
        alive = process.is_alive()  # asked first: what a dead child has sent is in the pipe
        if pipe.poll(min(_TICK, max(0.0, deadline - time.monotonic()))):
            try:
                answer = pickle.loads(pipe.recv_bytes())
            except (EOFError, OSError):
                process.join(_GRACE)
                return _lost(job, _cause(process.exitcode))
            assert isinstance(answer, Result)
            return answer
        if not alive:
            return _lost(job, _cause(process.exitcode))
        if time.monotonic() >= deadline:
            return _lost(
                job,
                f"the check was ended after {timeout:g} s",
                "give it more time with --timeout, or a smaller input",
            )
        waiting()


def _end(process: BaseProcess, pipe: Connection) -> None:
    """Close the pipe, and end the child with everything it has started."""
    pipe.close()
    if _can_fork() and process.pid is not None:
        # The child leads a group of its own; before it has got so far there is none.
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join(_GRACE)


def _nurse(pipe: Connection, jobs: Sequence[Job], timeout: float, quiet: bool) -> None:
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
        _send(pipe, _alone(job, timeout, quiet, lambda: None))
    _leave()


def _check(pipe: Connection, job: Job, timeout: float, quiet: bool) -> None:
    """Body of the process that checks one job."""
    gc.disable()  # it lives for a second; collecting takes a twelfth of the import of torch
    _detach(quiet)
    _limit(timeout)
    try:
        from convlint.lint import run as check

        result = check(job)
    except SystemExit as error:
        result = _lost(job, f"the network's code called sys.exit({error.code!r})")
    except MemoryError:
        result = _lost(job, "the check ran out of memory", "try a smaller input")
    except KeyboardInterrupt:
        result = _lost(job, "the check was interrupted")
    except BaseException as error:
        result = _internal(job, error)
    try:
        _send(pipe, result)
    except Exception as error:
        _send(pipe, _internal(job, error))
    _leave()


def _send(pipe: Connection, result: Result) -> None:
    pipe.send_bytes(pickle.dumps(result))


def _leave() -> None:
    """Exit at once: no `atexit` of the user's code, no waiting for its threads."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(0)


def _detach(quiet: bool) -> None:
    """Take stdin and stdout away, and stand apart from the terminal's Ctrl-C."""
    if _can_fork():
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.setdefault("PYTORCH_JIT", "0")  # torch reads it when it is imported
    # Whoever has no NumPy need not be told so by torch at every run.
    warnings.filterwarnings("ignore", "Failed to initialize NumPy")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing if quiet else 2, 1)
    os.close(nothing)
    # A caller may have put other objects there (click's test runner does).
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115


def _limit(timeout: float) -> None:
    """Limits that hold even where the parent is gone."""
    if not _can_fork():
        return
    import resource

    signal.setitimer(signal.ITIMER_REAL, timeout + _GRACE)
    share = int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * _MEMORY_SHARE)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY or soft > share:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (share, hard))


def _cause(exitcode: int | None) -> str:
    if exitcode is None:
        return "the check stopped answering"
    if exitcode >= 0:
        return f"the network's code ended the process with status {exitcode}"
    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    hint = " (out of memory?)" if -exitcode == getattr(signal, "SIGKILL", 9) else ""
    return f"the process of the check was killed by {name}{hint}"


def _lost(job: Job, message: str, *help: str) -> Result:
    found = Diagnostic(
        CODE, NAME, Severity.ERROR, message, target=job.target.display, help=tuple(help)
    )
    return Result(job.target.display, (found,), incomplete=True)


def _internal(job: Job, error: BaseException) -> Result:
    """A fault of our own: one line, and the traceback for those who ask."""
    if os.environ.get("CONVLINT_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    text = " ".join(str(error).split())[:300]
    return _lost(
        job,
        f"internal error: {type(error).__name__}: {text}",
        "please report this, with the output of CONVLINT_TRACEBACK=1",
    )
