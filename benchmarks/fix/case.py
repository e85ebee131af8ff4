"""Repair one network as `convlint --fix --unsafe-fixes` does, and let torch run what came of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from convlint import isolate
from convlint.diagnostic import Severity
from convlint.fix.bench import Bench
from convlint.fix.mender import Mender
from convlint.job import Job, Result
from convlint.rule import silent
from convlint.server import Server
from convlint.spec import parse
from convlint.target import parse as target

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    """What became of one network.

    `torch` has what each mode raises behind the repair, `left` the findings that convlint has
    left, and `edits` what was written.
    """

    name: str
    silent: bool
    found: int
    edits: tuple[str, ...]
    left: tuple[str, ...]
    torch: tuple[str, ...]
    only_spans: bool
    trials: int
    seconds: float

    @property
    def repaired(self) -> bool:
        """Whether something was written, torch runs it in both modes, and convlint is silent."""
        return bool(self.edits) and not self.torch and not self.left


def repaired(folder: Path, server: Server, modes: Sequence[str] = ("train", "eval")) -> Outcome:
    """Repair `buggy.py` of a folder that has a `case.json` beside it."""
    about = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    inputs = about["input"] if isinstance(about["input"], list) else [about["input"]]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        file = Path(made).resolve() / "buggy.py"
        shutil.copy(folder / "buggy.py", file)
        before = file.read_bytes()
        mode = "train" if about["train_mode"] else "eval"
        job = Job(target(f"{file}:Net"), tuple(map(parse, inputs)), mode=mode)  # type: ignore[arg-type]

        def run(jobs: Sequence[Job]) -> list[Result]:
            return list(isolate.run(jobs, quiet=True, workers=2, server=server))

        bench = Bench((job,), run)
        mender = Mender(bench, silent(), unsafe=True)
        first = bench.first()
        state = mender.mend(first)
        for name, text in state.texts.items():
            Path(name).write_bytes(bench.sources[name].encoded(text))
        (again,) = run([job])
        left = tuple(
            f"{d.code} {d.message}" for d in again.diagnostics if d.severity is not Severity.INFO
        )
        raised = tuple(_raised(file, inputs, one) for one in modes) if mender.mended else ()
        edits = tuple(f"{one.found.code}: {one.fix.message}" for one in mender.mended)
        return Outcome(
            folder.name,
            about["silent"],
            sum(d.severity is not Severity.INFO for d in first.results[0].diagnostics),
            edits,
            left,
            tuple(filter(None, raised)),
            _same_elsewhere(before, file.read_bytes(), mender),
            bench.trials,
            time.monotonic() - began,
        )


def _raised(file: Path, inputs: Sequence[str], mode: str) -> str:
    """What torch raises when the network is really run; nothing where it runs."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fix.really", str(file), mode, *inputs],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return f"{mode}: {lines[-1] if lines else done.returncode}"


def _same_elsewhere(before: bytes, after: bytes, mender: Mender) -> bool:
    """Whether the lines that no edit touches are as they were."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    touched = {
        row
        for one in mender.mended
        for edit in one.fix.edits
        for row in range(edit.location.row - 1, edit.location.end_row)
    }
    if len(old) != len(new):
        return False
    return all(i in touched or a == b for i, (a, b) in enumerate(zip(old, new, strict=True)))
