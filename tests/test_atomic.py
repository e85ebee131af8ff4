"""Files that are written at once."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from convlint import atomic


def test_a_new_file_and_one_that_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    atomic.write(file, "größe\n")
    assert file.read_bytes() == "größe\n".encode()
    file.chmod(0o640)
    atomic.write(file, "half of a pair: \ud800")
    assert file.read_bytes() == b"half of a pair: ?"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    atomic.write(tmp_path / "report", "")
    assert (tmp_path / "report").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_nothing_is_left_of_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.txt"
    file.write_text("before")

    def refuse(*_: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        atomic.write(file, "after")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        atomic.write(tmp_path / "gone" / "report.txt", "")


def test_links_and_devices_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    atomic.write(tmp_path / "link", "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "after"
    (tmp_path / "null").symlink_to(os.devnull)
    atomic.write(tmp_path / "null", "gone")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
