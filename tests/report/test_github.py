"""Workflow commands, read back as the runner reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from convlint import job_summary, report
from convlint.diagnostic import Location
from convlint.job import Result, Row
from convlint.report import Style
from tests.report.drawn import results, styles
from tests.report.examples import FULL, HERE, INFO, PLACELESS, ROOT, WARNING, real
from tests.sampling import sampled

COMMAND = re.compile(r"::(error|warning|notice) ([^\n]*?)::(.*)")


def _read(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Commands as actions/runner splits and unescapes them."""
    commands = []
    for line in text.split("\n")[:-1]:
        match = COMMAND.fullmatch(line)
        assert match, line
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        commands.append((match[1], {k: _plain(v) for k, v in properties.items()}, _plain(match[3])))
    return commands


def _plain(text: str) -> str:
    for code, sign in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
        text = text.replace(code, sign)
    return text


def test_an_annotation() -> None:
    text = report.render("github", [Result("t", (FULL,))], Style(directory=HERE))
    assert text == (
        "::error file=nets/model.py,line=13,col=20,endLine=13,endColumn=46,"
        "title=CL102 feature-mismatch::`fc1` takes 400 features, but 576 arrive"
        "%0Aformula: 16 · 6 · 6 = 576%0Anote: a note%0Ahelp: write nn.Linear(576, 120)"
        "%0Ahelp: or pad\n"
    )


def test_what_is_not_text_is_escaped() -> None:
    where = Location("/project/a,b:c%d.py", 1, 1, 3, 4)
    found = replace(FULL, message="50 %\r\nof [1, 2]: x", location=where, help=(), note=())
    text = report.render("github", [Result("t", (found,))], Style(directory=HERE))
    assert "file=a%2Cb%3Ac%25d.py,line=1,col=1,endLine=3,title=" in text
    assert "::50 %25%0Aof [1, 2]: x%0Aformula" in text
    ((_, properties, message),) = _read(text)
    assert properties["file"] == "a,b:c%d.py"
    assert message.startswith("50 %\nof [1, 2]: x\n")


def test_errors_come_first() -> None:
    found = [Result("a", (INFO, WARNING)), Result("b", (FULL, PLACELESS))]
    read = _read(report.render("github", found, Style()))
    assert [level for level, _, _ in read] == ["error", "error", "warning", "notice"]
    assert [p["file"] for _, p, _ in read][1] == "nets/x.py"


def test_statistics() -> None:
    text = report.render("github", [Result("t", (FULL, INFO, FULL))], Style(statistics=True))
    assert text == (
        "::error title=CL102 feature-mismatch::2 findings\n"
        "::notice title=CL005 data-dependent::1 finding\n"
    )


def test_real_networks() -> None:
    style = Style(directory=ROOT / "examples", root=ROOT)
    read = _read(report.render("github", real(), style))
    assert {p["file"] for _, p, _ in read} == {
        "examples/lenet.py", "examples/article.py", "examples/gone.py",
    }  # fmt: skip


@sampled(50)
@given(results, styles)
def test_any_result(found: Sequence[Result], style: Style) -> None:
    text = report.render("github", found, style)
    text.encode()
    read = _read(text)
    if not style.statistics:
        assert len(read) == sum(len(result.diagnostics) for result in found)


def test_the_summary_of_a_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert job_summary.file("github") is None
    file = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    assert job_summary.file("text") is None
    assert job_summary.file("github") == file
    file.write_text("before\n")
    job_summary.append(file, real(), Style(directory=ROOT))
    text = file.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert "| `third.conv` |" in text
    assert "Shapes of " in text


def test_a_summary_that_is_too_long_is_cut_by_parts(tmp_path: Path) -> None:
    row = Row("a" * 1000, "conv2d")
    shapes = Result("t", (FULL,), (row,) * 2000)
    job_summary.append(tmp_path / "a", [shapes], Style())
    assert "Details" in (tmp_path / "a").read_text()
    assert "Shapes" not in (tmp_path / "a").read_text()
    many = Result("t", (replace(FULL, message="m" * 1000),) * 2000)
    job_summary.append(tmp_path / "b", [many], Style())
    assert "| 2000 | CL102 |" in (tmp_path / "b").read_text()
    (tmp_path / "c").write_text("x" * 2**20)
    job_summary.append(tmp_path / "c", [shapes], Style())
    assert (tmp_path / "c").stat().st_size == 2**20
