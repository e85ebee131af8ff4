"""The process of one check: what it may take, what it may reach, and what it answers."""

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
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Final

from convlint import memory, reads
from convlint.diagnostic import Diagnostic, Location, Severity
from convlint.job import Job, Result
from convlint.reads import Opened
from convlint.stream import bounded

CODE: Final = "CL003"
NAME: Final = "tracing-lost"

GRACE: Final = 5.0
"""Seconds that a process has beyond its time, to end by itself."""

ENDING: Final = (signal.SIGINT, signal.SIGTERM)
"""What is sent to end convlint."""

_MAIN: Final = 0.8
"""The part of the time after which nothing new is begun."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What one check may take, in seconds and bytes (0: as many as there are), and print."""

    seconds: float
    memory: int
    quiet: bool = False


def can_fork() -> bool:
    """Whether processes are forked here, and not started anew."""
    # macOS has fork, but its frameworks, which torch loads, do not survive it.
    return sys.platform.startswith("linux")


def check(pipe: Connection, job: Job, terms: Terms) -> None:
    """Body of the process that checks one job."""
    gc.disable()  # it lives for a second; collecting takes a twelfth of the import of torch
    own, status = os.getpid(), 1
    try:
        _close_all_but(pipe)
        detach(terms.quiet)
        _limit(terms)
        answer = _answer(job, terms)
        if os.getpid() == own:  # else this is another one, that the network's code has forked
            pipe.send_bytes(answer)
        status = 0
    finally:
        leave(status)


def _close_all_but(pipe: Connection) -> None:
    """Close what was inherited: other checks' pipes, into which the user's code might write."""
    if not can_fork():
        return
    with contextlib.suppress(OSError):  # there may be no /proc
        for name in os.listdir("/proc/self/fd"):
            if int(name) > 2 and int(name) != pipe.fileno():
                with contextlib.suppress(OSError):
                    os.close(int(name))


def _answer(job: Job, terms: Terms) -> bytes:
    """The result of a job, or what became of it."""
    began = time.monotonic()
    opened, before = Opened(), frozenset(sys.modules)
    own = reads.absolute(job.target.path)  # now: the user's code may delete the current folder
    try:
        from convlint.lint import run as check
        from convlint.load import write_settled_bytecode_only

        write_settled_bytecode_only()
        if job.instead:
            from convlint.surrogate import read_instead

            read_instead(dict(job.instead))
        result = check(job, began + terms.seconds * _MAIN)
        # What the process held before, it holds for whoever has started it.
        files = reads.files(before, own)
        return pickle.dumps(replace(result, files=files, opened=opened.files()))
    except BaseException as error:
        memory.limit(0)  # what has run out of it can at least say so
        return pickle.dumps(_failed(job, error, terms))


def leave(status: int) -> None:
    """Exit at once: no `atexit` of the user's code, no waiting for its threads."""
    try:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
    finally:
        os._exit(status)  # whatever the user's code has made of what is called here


def detach(quiet: bool) -> None:
    """Take stdin and stdout away, and stand apart from the terminal's Ctrl-C."""
    if can_fork():
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
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


def _limit(terms: Terms) -> None:
    """Limits that hold even where the parent is gone."""
    if can_fork():
        signal.setitimer(signal.ITIMER_REAL, terms.seconds + GRACE)
    memory.limit(terms.memory)


def lost(job: Job, message: str, *help: str, at: Location | None = None) -> Result:
    """The result of a check that gave none."""
    found = Diagnostic(
        CODE, NAME, Severity.ERROR, message, at, target=job.display, help=tuple(help)
    )
    return Result(job.display, (found,), incomplete=True)


def silent(job: Job, status: int | None) -> Result:
    """The result of a check whose process has ended without a word."""
    if status is None:
        return lost(job, "the check stopped answering")
    if status >= 0:
        return lost(job, f"the network's code ended the process with status {status}")
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    message = f"the process of the check was killed by {name}"
    if -status != getattr(signal, "SIGKILL", 9):
        return lost(job, message)
    help = "if it was the system, for want of memory, try a smaller input or --memory-limit"
    return lost(job, f"{message} (out of memory?)", help)


def _failed(job: Job, error: BaseException, terms: Terms) -> Result:
    """The check ended in an exception: whose, and what it says."""
    import traceback

    from convlint.load import exiting
    from convlint.quote import described

    where = _place(error)
    if memory.is_exhausted(error):
        most = f": its limit is {memory.written(terms.memory)}" if terms.memory else ""
        return lost(
            job,
            f"the check ran out of memory{most}",
            "give it more with --memory-limit, or a smaller input",
            at=where,
        )
    if isinstance(error, SystemExit):
        return lost(job, f"the network's code called {exiting(error)}", at=where)
    if os.environ.get("CONVLINT_TRACEBACK"):
        traceback.print_exception(error)
    if where is not None or not isinstance(error, Exception):
        return lost(job, f"the network's code raised {described(error)}", at=where)
    return lost(
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
