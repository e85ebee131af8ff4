"""Which modules a check imports, and which it does without."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.speed.model import Model
from benchmarks.speed.process import ROOT, environment

WATCHED = (
    "ast", "inspect", "dis", "torch.fx", "networkx", "rich", "numpy", "sympy", "torch.export",
    "torch._dynamo", "torch._inductor",
)  # fmt: skip

_CHECK = """
import json, sys
import torch
before = set(sys.modules)
from convlint.job import Job
from convlint.lint import run
from convlint.spec import parse
from convlint.target import parse as target
assert not run(Job(target(sys.argv[1] + ":Net"), (parse(sys.argv[2]),))).diagnostics
print(json.dumps(sorted(set(sys.modules) - before)))
"""

_COST = """
import gc, sys, time
gc.disable()
start = time.perf_counter()
import torch
between = time.perf_counter()
__import__(sys.argv[1])
print((time.perf_counter() - between) / (between - start))
"""


def imported(model: Model, cache: Path) -> set[str]:
    """The modules that checking `model` imports, beyond what `import torch` does."""
    return set(json.loads(_said(cache, _CHECK, str(model.path), model.input)))


def costs(model: Model, rounds: int, cache: Path) -> list[tuple[str, bool, float]]:
    """Of every watched module: its name, whether it is imported, its cost over `import torch`."""
    taken = imported(model, cache)
    return [
        (name, name in taken, statistics.median(
            float(_said(cache, _COST, name)) for _ in range(rounds)
        ))
        for name in WATCHED
    ]  # fmt: skip


def _said(cache: Path, script: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=ROOT, env=environment(cache), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout
