"""What a whole run of `convlint` on a ResNet-50 costs, over `python -c "import torch"`.

    python benchmarks/overhead.py [--runs 15]

The two are run in turn, so that a busy machine slows both.  Time is the median of the runs' wall
time, memory the median of their peaks (the largest process of each run).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOUND = 1.25
COMMANDS = {
    "import torch": [sys.executable, "-c", "import torch"],
    "convlint ResNet-50": [
        sys.executable, "-m", "convlint", "examples/resnet50.py:ResNet50",
        "--input", "1,3,224,224",
    ],
}  # fmt: skip

_MEASURE = """
import resource, subprocess, sys, time
start = time.perf_counter()
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(status, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def measure(command: list[str], cache: Path) -> tuple[float, float, float]:
    """Seconds, seconds of CPU and peak memory (MB) of one run, counted in a fresh process.

    All modules are compiled once, into `cache`, as they are where they are installed.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(cache)}
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    status, seconds, cpu, memory = measured.stdout.split()
    if status != "0":
        raise SystemExit(f"{' '.join(command)}: exit status {status}\n{measured.stderr}")
    return float(seconds), float(cpu), int(memory) / (1024 if sys.platform != "darwin" else 2**20)


def main() -> int:
    """Print the table; 1 where a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as cache:
        for command in COMMANDS.values():
            measure(command, Path(cache))
        start = time.perf_counter()
        for _ in range(runs):
            for name, command in COMMANDS.items():
                found[name].append(measure(command, Path(cache)))
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in found.items()
    }
    print(f"{'':20} {'wall s':>8} {'cpu s':>8} {'peak MB':>8}")
    for name, (seconds, cpu, memory) in medians.items():
        print(f"{name:20} {seconds:8.3f} {cpu:8.3f} {memory:8.1f}")
    base, ours = medians.values()
    ratios = [mine / theirs for mine, theirs in zip(ours, base, strict=True)]
    print(f"{'ratio':20} {ratios[0]:8.3f} {ratios[1]:8.3f} {ratios[2]:8.3f}")
    print(f"bounds: time {BOUND}, memory {BOUND}; {runs} runs each in turn, "
          f"{time.perf_counter() - start:.0f} s")  # fmt: skip
    return int(ratios[0] > BOUND or ratios[2] > BOUND)


if __name__ == "__main__":
    sys.exit(main())
