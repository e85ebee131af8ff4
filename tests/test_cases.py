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
    texts = inputs if isinstance(inputs, list) else [inputs]
    job = Job(
        parse_target(f"{file}:Net"), tuple(parse(t) for t in texts), "train" if training else "eval"
    )
    return [d for d in run(job).diagnostics if d.severity is Severity.ERROR]


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
def test_no_error_on_the_fixed_network(folder: Path) -> None:
    case = described(folder)
    inputs = case.get("fixed_input", case["input"])
    assert errors(folder / "fixed.py", inputs, case["train_mode"]) == []
