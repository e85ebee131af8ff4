"""A covered network is checked without running an operator of torch: nothing slow is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SLOW = (
    "sympy", "torch._dynamo", "torch._inductor", "torch.export",
    "torch.fx.experimental.symbolic_shapes", "networkx", "rich",
)  # fmt: skip
FOLDERS = ("benchmarks/speed/models", "tests/networks")

# The command line itself, with the check in this process instead of a child.
SCRIPT = """
import sys
from pathlib import Path
import torch
before = set(sys.modules)  # torch 2.13 brings torch.export, but not what it runs on
from convlint import cli, isolate

folder, *names = sys.argv[1:]
slow = tuple(name + "." for name in names)

def here(jobs, **options):
    from convlint.lint import run
    for job in jobs:
        result = run(job)
        told = [d for d in result.diagnostics if d.severity != "info"]
        assert not told, told
        assert result.layers > 10
        found = [name for name in set(sys.modules) - before if (name + ".").startswith(slow)]
        assert not found, (job.target.source, found)
        yield result

isolate.run = here
for path in sorted(Path(folder).glob("*.py")):
    words = path.read_text().partition("\\n")[0].removeprefix("# convlint: target Net ").split()
    assert cli.run([f"{path}:Net", *(part for word in words for part in ("--input", word))]) == 0
    print(path)
    before |= {name for name in sys.modules if name.startswith("rich")}  # the report's
"""


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_slow_is_imported_for_covered_networks(folder: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder, *SLOW],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    checked = [line for line in done.stdout.splitlines() if line.startswith(folder)]
    assert len(checked) == len(list((ROOT / folder).glob("*.py")))
