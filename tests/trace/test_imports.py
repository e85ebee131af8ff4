"""A covered network is checked without running an operator of torch: nothing slow is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SLOW = (
    "sympy", "torch._dynamo", "torch._inductor",
    "torch.fx.experimental.symbolic_shapes",
)  # fmt: skip

SCRIPT = """
import sys
from pathlib import Path
from convlint.job import Job
from convlint.lint import run
from convlint.spec import parse
from convlint.target import parse as target
result = run(Job(target("examples/resnet50.py:ResNet50"), (parse("1,3,224,224"),)))
assert result.layers > 150
assert not result.diagnostics, result.diagnostics
for path in sorted(Path("tests/networks").glob("*.py")):
    words = path.read_text().partition("\\n")[0].removeprefix("# convlint: target Net ").split()
    result = run(Job(target(f"{path}:Net"), tuple(parse(word) for word in words)))
    assert not result.diagnostics, result.diagnostics
    slow = [name for name in sys.argv[1:] if name in sys.modules]
    assert not slow, (path, slow)
assert "torch.fx" in sys.modules
"""


def test_nothing_slow_is_imported_for_covered_networks() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *SLOW], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
