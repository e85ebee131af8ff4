"""Tasks side by side, each in a process of its own, with a limit on its time and memory."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from torch import nn

MEMORY = 10 * 2**30
"""Bytes that one task may take."""

T = TypeVar("T", covariant=True)


class Task(Protocol[T]):
    """Something to be done in a process, and what to say where it was not done."""

    def run(self) -> T:
        """The result; it must be possible to pickle it."""

    def lost(self, reason: str) -> T:
        """The result that says that there is none."""


@dataclass(frozen=True)
class _Running:
    process: BaseProcess
    task: Task[object]
    deadline: float


def each(tasks: Iterable[Task[T]], jobs: int, limit: float) -> Iterator[T]:
    """One result for every task, as they come.

    Args:
        jobs: how many at a time.
        limit: seconds for a task.
    """
    _warm()
    waiting = iter(tasks)
    running: dict[Connection, _Running] = {}
    while True:
        while len(running) < jobs and (task := next(waiting, None)) is not None:
            pipe, started = _start(task, limit)
            running[pipe] = started
        if not running:
            return
        ready = wait(list(running), timeout=1.0)
        for pipe, started in list(running.items()):
            if pipe in ready or time.monotonic() > started.deadline:
                del running[pipe]
                yield _received(pipe, started, limit)  # type: ignore[misc]


def _start(task: Task[object], limit: float) -> tuple[Connection, _Running]:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_body, args=(sender, task))
    process.start()
    sender.close()
    return receiver, _Running(process, task, time.monotonic() + limit)


def _received(pipe: Connection, started: _Running, limit: float) -> object:
    process = started.process
    try:
        if not pipe.poll():
            return started.task.lost(f"not done after {limit:g} s")
        return pickle.loads(pipe.recv_bytes())
    except EOFError:
        process.join()
        return started.task.lost(f"ended with {process.exitcode}")
    finally:
        pipe.close()
        process.kill()
        process.join()


def _body(pipe: Connection, task: Task[object]) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with open(os.devnull, "w") as nothing:
        sys.stdout = sys.stderr = nothing
        gc.disable()  # as it is in a run of convlint
        try:
            result = task.run()
        except BaseException as exc:
            at = traceback.extract_tb(exc.__traceback__)[-1]
            where = f"{Path(at.filename).name}:{at.lineno}"
            result = task.lost(f"{type(exc).__name__}: {exc} ({where})"[:400])
        pipe.send_bytes(pickle.dumps(result))
    os.kill(os.getpid(), signal.SIGKILL)  # at once, without tearing anything down


def _warm() -> None:
    """Do once, before processes are forked, what torch does at the first call of its kind."""
    torch.set_num_threads(1)
    logging.disable()  # torch logs a traceback for what a fake tensor refuses
    from torch._subclasses import FakeTensorMode

    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Upsample(scale_factor=2))
    net.to("meta").eval()(torch.empty(1, 3, 8, 8, device="meta"))
    with FakeTensorMode():
        nn.Conv2d(3, 4, 3)(torch.empty(1, 3, 8, 8))
    gc.collect()
    gc.freeze()
