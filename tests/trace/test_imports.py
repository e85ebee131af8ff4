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

SCRIPT = """
import sys
from pathlib import Path
import torch
before = set(sys.modules)  # torch 2.13 brings torch.export, but not what it runs on
from convlint.job import Job
from convlint.lint import run
from convlint.spec import parse
from convlint.target import parse as target
folder, *names = sys.argv[1:]
for path in sorted(Path(folder).glob("*.py")):
    words = path.read_text().partition("\\n")[0].removeprefix("# convlint: target Net ").split()
    result = run(Job(target(f"{path}:Net"), tuple(parse(word) for word in words)))
    assert not result.diagnostics, result.diagnostics
    assert result.layers > 10
    slow = [name for name in names if name in sys.modules and name not in before]
    assert not slow, (path, slow)
    print(path)
"""


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_slow_is_imported_for_covered_networks(folder: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder, *SLOW],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(list((ROOT / folder).glob("*.py")))
