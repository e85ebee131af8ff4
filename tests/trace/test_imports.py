"""A covered network is checked without running an operator of torch: nothing slow is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SLOW = ("sympy", "torch._dynamo", "torch._inductor", "torch.fx.experimental.symbolic_shapes")

SCRIPT = """
import sys
from convlint.job import Job
from convlint.lint import run
from convlint.spec import parse
from convlint.target import parse as target
result = run(Job(target("examples/resnet50.py:ResNet50"), (parse("1,3,224,224"),)))
assert not result.diagnostics, result.diagnostics
assert result.layers > 150
print(*sys.modules)
"""


def test_nothing_slow_is_imported_for_a_covered_network() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "torch.fx" in loaded
    assert not loaded.intersection(SLOW)
