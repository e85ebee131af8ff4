"""The real bugs in ../shared/cases: every listed error is found, and no fix is complained of."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from convlint.diagnostic import Diagnostic, Severity
from convlint.job import Job
from convlint.lint import run
from convlint.spec import parse
from convlint.target import parse as parse_target

FOLDER = Path(
    os.environ.get("CONVLINT_CASES", Path(__file__).resolve().parents[2] / "shared" / "cases")
)
CASES = sorted(p.parent for p in FOLDER.glob("*/case.json"))

pytestmark = pytest.mark.skipif(not CASES, reason="the folder of cases is not here")


def described(folder: Path) -> Any:
    return json.loads((folder / "case.json").read_text(encoding="utf-8"))


def errors(file: Path, inputs: Any, training: bool) -> list[Diagnostic]:
    return [d for d in told(file, inputs, training) if d.severity is Severity.ERROR]


def told(file: Path, inputs: Any, training: bool) -> list[Diagnostic]:
    """The errors and warnings."""
    texts = inputs if isinstance(inputs, list) else [inputs]
    job = Job(
        parse_target(f"{file}:Net"), tuple(parse(t) for t in texts), "train" if training else "eval"
    )
    return [d for d in run(job).diagnostics if d.severity is not Severity.INFO]


def numbers(fix: Any) -> list[int]:
    """The numbers that the fix of a case writes."""
    right = fix.get("should_be") if isinstance(fix, dict) else None
    if isinstance(right, bool):
        return []
    if isinstance(right, int):
        return [right]
    return [n for n in right if n != -1] if isinstance(right, list) else []


@pytest.mark.parametrize(
    "folder", [c for c in CASES if not described(c)["silent"]], ids=lambda p: p.name
)
def test_every_error_is_found(folder: Path) -> None:
    case = described(folder)
    found = errors(folder / "buggy.py", case["input"], case["train_mode"])
    for error in case["errors"]:
        lines = {error.get("line_call"), error.get("line_def")} - {None}
        hits = [
            d
            for d in found
            if d.location and lines & {d.location.row, *(label.location.row for label in d.related)}
        ]
        assert hits, (error, [str(d) for d in found])
        advice = " ".join(line for d in hits for line in d.help)
        for number in numbers(error["expected_fix"]):
            assert re.search(rf"(?<!\d){number}(?!\d)", advice), (error, advice)


@pytest.mark.parametrize("folder", CASES, ids=lambda p: p.name)
def test_neither_error_nor_warning_on_the_fixed_network(folder: Path) -> None:
    case = described(folder)
    inputs = case.get("fixed_input", case["input"])
    assert told(folder / "fixed.py", inputs, case["train_mode"]) == []


def test_most_of_the_silent_bugs_are_found() -> None:
    """Four in five; the others have shapes that a good network could have."""
    silent = [folder for folder in CASES if described(folder)["silent"]]
    missed = [folder.name for folder in silent if not is_found(folder)]
    assert len(missed) <= len(silent) // 5, missed


def is_found(folder: Path) -> bool:
    """Whether an error or warning stands at a line that the case names."""
    case = described(folder)
    lines = {e.get(key) for e in case["errors"] for key in ("line_call", "line_def")} - {None}
    return any(
        d.location and lines & {d.location.row, *(label.location.row for label in d.related)}
        for d in told(folder / "buggy.py", case["input"], case["train_mode"])
    )
