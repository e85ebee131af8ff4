"""A folder of its own for each file of tests, and one server for all checks made from it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from convlint import cli, isolate, server
from convlint.job import Job, Result
from convlint.server import Server


@dataclass(frozen=True)
class Ran:
    """Exit status, and what was printed."""

    status: int
    out: str
    err: str


Convlint = Callable[..., Ran]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server]]:
    """The folder, which is the current one, and the server, which has been started in it."""
    folder, before = tmp_path_factory.mktemp("workshop") / "project", Path.cwd()
    folder.mkdir()
    os.chdir(folder)
    with Server() as shared:
        shared.start()
        yield folder, shared
    os.chdir(before)


@pytest.fixture
def project(workshop: tuple[Path, Server]) -> Path:
    """The folder, which is empty."""
    folder, _ = workshop
    os.chdir(folder)
    for one in (*folder.iterdir(), *(f for f in folder.parent.iterdir() if f != folder)):
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()
    return folder


@pytest.fixture
def convlint(
    project: Path,
    workshop: tuple[Path, Server],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Convlint:
    """Run a command line in the folder."""
    _, shared = workshop
    checked = isolate.run

    def run(jobs: Sequence[Job], **options: Any) -> Iterator[Result]:
        return checked(jobs, **{**options, "server": shared})

    monkeypatch.setattr(isolate, "run", run)
    monkeypatch.setattr(server, "Server", lambda: contextlib.nullcontext(shared))
    monkeypatch.setattr("sys.argv", ["convlint"])
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)

    def called(*words: str) -> Ran:
        capsys.readouterr()
        status = cli.run(list(words))
        return Ran(status, *capsys.readouterr())

    return called
