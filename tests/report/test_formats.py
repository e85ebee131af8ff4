"""What all formats have in common: how they are found, and where they say a finding is."""

from __future__ import annotations

from pathlib import Path

import pytest

from convlint import report, repository, target
from convlint.diagnostic import Location
from convlint.report import Style, place
from tests.report.examples import FULL, HERE, INFO, PLACELESS


def test_every_module_of_the_folder_is_a_format() -> None:
    assert set(report.formats()) == {
        "concise", "github", "gitlab", "json", "json-lines", "junit", "markdown", "rdjson", "sarif",
        "text",
    }  # fmt: skip
    for name in report.formats():
        assert isinstance(report.render(name, [], Style()), str)


def test_only_markdown_wants_the_shapes() -> None:
    assert [name for name in report.formats() if report.wants_shapes(name)] == ["markdown"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (Location("a.py", 3), (3, 1, 3, 1)),
        (Location("a.py", 3, 5, 3, 9), (3, 5, 3, 9)),
        (Location("a.py", 3, 5, 4, 1), (3, 5, 4, 1)),
        (Location("a.py", 3, 5, 3, 2), (3, 5, 3, 5)),
        (Location("a.py", 3, 5, 2, 9), (3, 5, 3, 5)),
        (Location("a.py", 0, 0), (1, 1, 1, 1)),
        (Location("a.py", 10**12, -1), (2**31 - 1, 1, 2**31 - 1, 1)),
    ],
)
def test_spans_are_counted_from_one_and_do_not_end_before_they_start(
    given: Location, shown: tuple[int, int, int, int]
) -> None:
    span = Style(directory=HERE).span(given)
    assert (span.row, span.column, span.end_row, span.end_column) == shown


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("/project/nets/model.py", "nets/model.py"),
        ("model.py", "nets/model.py"),
        ("../setup.py", "setup.py"),
        ("/else/model.py", "/else/model.py"),
        ("../../else/model.py", "/else/model.py"),
    ],
)
def test_paths_for_services_begin_at_the_root(filename: str, shown: str) -> None:
    style = Style(directory=HERE / "nets", root=HERE)
    assert style.span(Location(filename, 1)).filename == shown


@pytest.mark.parametrize(
    ("display", "file"),
    [
        ("nets/model.py:Net", "nets/model.py"),
        ("nets/model.py:Net(width=64, name='a:b')", "nets/model.py"),
        ("C:\\nets\\model.py:Net", "C:\\nets\\model.py"),
        ("pkg.module:make.net", "pkg/module.py"),
        ("no target", "no target.py"),
    ],
)
def test_the_file_of_a_target(display: str, file: str) -> None:
    assert target.file(display) == file


def test_a_finding_without_a_place_is_told_at_its_target() -> None:
    assert place(FULL) == FULL.location
    assert place(PLACELESS) == Location("nets/x.py", 1)
    assert place(INFO) == Location("a/b.py", 1)


def test_the_root_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "checkout" / "nets"
    folder.mkdir(parents=True)
    (tmp_path / "checkout" / ".git").mkdir()
    assert repository.root(folder) == tmp_path / "checkout"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert repository.root(folder) == tmp_path
    monkeypatch.setenv("GITHUB_WORKSPACE", "/somewhere/else")
    assert repository.root(folder) == tmp_path / "checkout"
