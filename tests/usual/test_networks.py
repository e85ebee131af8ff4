"""Networks that work, written as people write them: nothing is an error, and no warning is false.

The first comment of a file has the inputs; `# finds:` has the codes of warnings that are true, as
where the analysis ends in what NumPy computes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from convlint.job import Job
from convlint.lint import run
from convlint.spec import parse
from convlint.target import parse as target

NETWORKS = sorted((Path(__file__).parent / "networks").glob("*.py"))


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("path", NETWORKS, ids=lambda path: path.stem)
def test_nothing_is_wrong(path: Path, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVLINT_STRICT", "1")
    inputs = tuple(map(parse, _words(path, "inputs")))
    result = run(Job(target(f"{path}:Net"), inputs, mode))
    told = {f"{one.severity} {one.code}": one for one in result.diagnostics}
    true = {f"warning {code}" for code in _words(path, "finds")}
    false = [one for key, one in told.items() if not key.startswith("info") and key not in true]
    assert not false, false
    if mode == "train":
        assert true <= told.keys()


def _words(path: Path, name: str) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line.startswith(f"# {name}: ")]
    return found[0].partition(": ")[2].split() if found else []
