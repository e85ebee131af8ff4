"""Formats on the command line: their names, files that are written at once, the job's summary."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from convlint import cli, isolate, report
from convlint.diagnostic import Diagnostic, Severity
from convlint.job import Job, Result, Row

FOUND = Diagnostic("CL102", "feature-mismatch", Severity.ERROR, "half: \ud800", target="m.py:Net")


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Job]:
    """What would have been run."""
    jobs: list[Job] = []

    def run(given: Sequence[Job], **_: Any) -> Iterator[Result]:
        for job in given:
            jobs.append(job)
            rows = (Row("conv1", "conv2d", ("[1, 3]",), "[1, 4]"),) if job.want_shapes else ()
            yield Result(job.target.display, (FOUND,), rows, layers=1)

    monkeypatch.setattr(isolate, "run", run)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return jobs


@pytest.mark.parametrize("name", report.formats())
def test_every_format_is_a_choice_and_can_be_written(name: str) -> None:
    assert cli.run(["m.py:Net", "--output-format", name, "-o", "report"]) == 1
    text = Path("report").read_text(encoding="utf-8")
    assert "half: " in text
    assert [path.name for path in Path().iterdir()] == ["report"]


def test_a_report_that_fails_leaves_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("report").write_text("before")

    def fail(*_: object) -> str:
        raise RuntimeError("no")

    monkeypatch.setattr(report, "render", fail)
    assert cli.run(["m.py:Net", "--output-format", "sarif", "-o", "report"]) == 2
    assert Path("report").read_text() == "before"


def test_the_summary_of_a_job(
    asked: list[Job], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    assert cli.run(["m.py:Net", "--output-format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::error file=m.py,line=1,")
    assert "| `conv1` |" in Path("summary.md").read_text(encoding="utf-8")
    assert asked[-1].want_shapes

    Path("summary.md").unlink()
    assert cli.run(["m.py:Net", "--output-format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)
    assert not Path("summary.md").exists()
    assert not asked[-1].want_shapes

    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/such/folder")
    assert cli.run(["m.py:Net", "--output-format", "github"]) == 2
    assert "cannot write no/such/folder" in capsys.readouterr().err


def test_paths_begin_at_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "nets").mkdir()
    monkeypatch.chdir(tmp_path / "nets")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    cli.run(["m.py:Net", "--output-format", "github"])
    assert "file=nets/m.py," in capsys.readouterr().out
