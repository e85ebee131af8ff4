"""Which modules a run imports, and which it does without."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from benchmarks.speed.model import Model
from benchmarks.speed.process import ROOT, environment

WATCHED = (
    "ast", "inspect", "dis", "torch.fx", "networkx", "rich.text", "rich.console", "numpy", "sympy",
    "torch.export", "torch._dynamo", "torch._inductor",
)  # fmt: skip

# The command line, with the check in this process instead of a child.
_RUN = """
import json, sys
import torch
before = set(sys.modules)
from convlint import cli, isolate
def here(jobs, **options):
    from convlint.lint import run
    return map(run, jobs)
isolate.run = here
assert cli.run([sys.argv[1] + ":Net", "--input", sys.argv[2]]) == 0
print(json.dumps([sorted(before), sorted(set(sys.modules) - before)]))
"""

_COST = """
import gc, sys, time
gc.disable()
start = time.process_time()
import torch
between = time.process_time()
__import__(sys.argv[1])
print((time.process_time() - between) / (between - start))
"""


def costs(model: Model, rounds: int) -> list[tuple[str, str, float]]:
    """Of every watched module: its name, who imports it, its cost over `import torch`.

    Who is `torch`, `convlint` or nobody, which is empty.
    """
    torchs, ours = map(set, json.loads(_said(_RUN, str(model.path), model.input)))
    return [
        (
            name,
            "torch" if name in torchs else "convlint" if name in ours else "",
            statistics.median(float(_said(_COST, name)) for _ in range(rounds)),
        )
        for name in WATCHED
    ]


def _said(script: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()[-1]
