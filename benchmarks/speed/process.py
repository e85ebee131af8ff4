"""What a command takes: time, processor time and memory of all its processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_TICK = 0.01

# In a fresh process, because the children's peak is that of all children so far.
_MEASURE = """
import resource, subprocess, sys, time
start = time.perf_counter()
status = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, timeout=float(sys.argv[1]))
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(status.returncode, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of wall time, seconds of all processors, MB that the largest process had at most."""

    seconds: float
    cpu: float
    peak: float


class Failed(Exception):
    """A command did not end well; the message is the last line that it said."""


def measure(command: Sequence[str], limit: float) -> Usage:
    """Run a command once.

    Args:
        limit: seconds.

    Raises:
        Failed: it ended with another status than 0, or not within the limit.
    """
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(limit), *command],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    status, *numbers = measured.stdout.split() or ["none"]
    if measured.returncode or status != "0":
        said = measured.stderr.strip().splitlines() or [f"exit status {status}"]
        raise Failed(f"over {limit:g} s" if "TimeoutExpired" in said[-1] else said[-1][:120])
    seconds, cpu, peak = map(float, numbers)
    return Usage(seconds, cpu, peak / (2**20 if sys.platform == "darwin" else 1024))


def together(command: Sequence[str]) -> float | None:
    """The most MB that all processes of a command have at a time, what they share counted once.

    Of mapped files, which programs that have nothing to do with this may map too, it counts what
    the process has that maps the most. None where the system does not tell (it is Linux's PSS).
    """
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    most = 0
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL)
    while process.poll() is None:
        own, files = zip(*map(_held, _family(process.pid)), strict=True)
        most = max(most, sum(own) + max(files))
        time.sleep(_TICK)
    return most / 1024


def environment() -> dict[str, str]:
    """The environment of what is measured: this checkout, whose modules are kept compiled.

    Nothing is answered from a cache of results.
    """
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONPROFILEIMPORTTIME")
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    return kept | {"PYTHONPATH": str(ROOT), "CONVLINT_NO_CACHE": "1"}


def _family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in tasks.read_text().split():
                yield from _family(int(child))


def _held(pid: int) -> tuple[int, int]:
    """KB of a process: its part of what it shares in its family, its files; 0 where it is gone."""
    with contextlib.suppress(OSError, KeyError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        size = {line.split()[0]: int(line.split()[1]) for line in text.splitlines()[1:]}
        return size["Pss_Anon:"] + size["Pss_Shmem:"], size["Rss:"] - size["Anonymous:"]
    return 0, 0
