"""Results that are kept: when they answer, when they do not, and what cannot spoil them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convlint import cli, isolate, stamp
from convlint.cache import FOLDER, Cache
from convlint.diagnostic import Diagnostic, Label, Location, Severity
from convlint.job import Job, Result, Row
from convlint.record import RecordError, read, written
from convlint.spec import parse as parse_input
from convlint.target import parse as parse_target

ROOT = Path(__file__).parents[1]

NET = """
from torch import nn
from sizes import HIDDEN

class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.first = nn.Linear(3, HIDDEN)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(self.first(x).relu())
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a network in it."""
    monkeypatch.delenv("CONVLINT_NO_CACHE", raising=False)
    monkeypatch.chdir(tmp_path)
    _write(tmp_path / "net.py", NET)
    _write(tmp_path / "sizes.py", "HIDDEN = 4\n")
    return tmp_path


@pytest.fixture
def runs(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that are really run, in processes of their own."""
    ran: list[str] = []
    run = isolate.run

    def counting(jobs: Sequence[Job], **options: Any) -> Iterator[Result]:
        ran.extend(f"{job.display} {job.mode}" for job in jobs)
        return run(jobs, **options)

    monkeypatch.setattr(isolate, "run", counting)
    return ran


@pytest.fixture
def asked(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that would be run; each comes to nothing, and depends on both files."""
    ran: list[str] = []
    files = (str(project / "net.py"), str(project / "sizes.py"))

    def counting(jobs: Sequence[Job], **_: Any) -> Iterator[Result]:
        for job in jobs:
            ran.append(f"{job.display} {job.mode}")
            yield Result(job.display, layers=3, files=files)

    monkeypatch.setattr(isolate, "run", counting)
    return ran


_SECONDS = itertools.count(int(time.time()) - 3600)


def _write(file: Path, text: str) -> None:
    """As if it had been there before the run: what is newer than a check is not kept.

    Each time in a second of its own: Python itself takes the bytecode of a file's former text
    where both were written within one second and are equally long.
    """
    file.write_text(text)
    past = next(_SECONDS)
    os.utime(file, (past, past))


def _check(*words: str) -> int:
    time.sleep(0.02)  # the times of files are not finer everywhere
    return cli.run(["net.py:Net", "--input", "2,3", *words])


def test_what_has_not_changed_is_not_run_again(
    runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _check("--arg", "width=5") == 1
    first = capsys.readouterr().out
    assert "CL102" in first
    assert _check("--arg", "width=5") == 1
    assert capsys.readouterr().out == first
    assert len(runs) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--arg", "width=5"], ["--mode", "train"], ["--expect", "N,9"], ["--ignore", "CL5"],
        ["--select", "ALL"], ["--output-format", "markdown"], ["--no-cache"],
        ["--cache-dir", ".elsewhere"],
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_another_job_is_run(asked: list[str], words: list[str]) -> None:
    _check()
    _check(*words)
    assert len(asked) == 2
    _check()
    assert len(asked) == 2


@pytest.mark.parametrize("name", ["net.py", "sizes.py"])
def test_a_changed_file_of_the_closure_is_a_new_run(runs: list[str], name: str) -> None:
    assert _check() == 0
    text = Path(name).read_text()
    _write(Path(name), text.replace("width=4", "width=6").replace("HIDDEN = 4", "HIDDEN = 6"))
    assert _check() == 1
    _write(Path(name), text)
    assert _check() == 0
    assert len(runs) == 3


def test_a_module_that_would_be_found_first_is_a_new_run(asked: list[str]) -> None:
    assert _check() == 0
    Path("torch_helpers").mkdir()  # a folder is a package, to Python
    assert _check() == 0
    assert len(asked) == 2


def test_a_file_that_the_constructor_reads_is_a_new_run(runs: list[str]) -> None:
    _write(Path("sizes.py"), "HIDDEN = int(open('hidden.txt').read())\n")
    _write(Path("hidden.txt"), "4")
    assert _check() == 0
    assert _check() == 0
    assert len(runs) == 1
    _write(Path("hidden.txt"), "5")
    assert _check() == 1


def test_another_environment_is_a_new_run(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _check()
    monkeypatch.setattr(stamp, "of_environment", lambda: "torch-2.99.dist-info")
    _check()
    assert len(asked) == 2


@pytest.mark.parametrize(
    "text",
    ["import absent\n", "import os\nos._exit(1)\n"],
)
def test_what_was_not_checked_is_not_kept(runs: list[str], text: str) -> None:
    _write(Path("sizes.py"), text)
    assert _check() == 2
    assert _check() == 2
    assert len(runs) == 2


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\x00", b'{"files": 1}', None], ids=str
)
def test_a_spoilt_entry_is_no_entry(asked: list[str], content: bytes | None) -> None:
    assert _check() == 0
    for entry in Path(FOLDER).glob("check-*"):
        data = entry.read_bytes()
        entry.write_bytes(data[: len(data) // 2] if content is None else content)
    assert _check() == 0
    assert len(asked) == 2
    assert _check() == 0
    assert len(asked) == 2  # and it was made good


def test_a_folder_that_cannot_be_one_is_left_alone(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path(FOLDER).write_text("mine")
    assert _check() == 0
    assert Path(FOLDER).read_text() == "mine"
    assert capsys.readouterr().err == ""


def test_the_folder_says_that_it_is_a_cache(asked: list[str]) -> None:
    _check()
    assert Path(FOLDER, ".gitignore").read_text().endswith("*\n")
    assert Path(FOLDER, "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06")


_HIT = """
import sys
from convlint import cli
status = cli.run(["net.py:Net", "--input", "2,3", *sys.argv[1:]])
heavy = {"torch", "networkx", "numpy", "hypothesis", "multiprocessing"} & set(sys.modules)
sys.exit(f"{status} {sorted(heavy)}")
"""


def _hit() -> str:
    """Status of a run in a new process, and what it has imported of the heavy modules."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _HIT], capture_output=True, text=True, env=environment
    )
    return done.stderr


def test_a_hit_imports_neither_torch_nor_networkx(project: Path) -> None:
    assert _hit().startswith("0 ")
    assert _hit() == "0 []\n"


def test_two_processes_share_it(project: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "convlint", "net.py:Net", "--input", "2,3", "-q"]
    processes = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert _hit() == "0 []\n"


TEXT = st.text(max_size=8)
PLACES = st.builds(
    Location, TEXT, st.integers(1, 99), st.integers(1, 99), st.integers(0, 9), st.integers(0, 9)
)
DIAGNOSTICS = st.builds(
    Diagnostic,
    TEXT, TEXT, st.sampled_from(Severity), TEXT, st.none() | PLACES, TEXT,
    st.lists(st.builds(Label, TEXT, PLACES), max_size=2).map(tuple),
    st.none() | TEXT, st.lists(TEXT, max_size=2).map(tuple),
)  # fmt: skip
RESULTS = st.builds(
    Result, TEXT, st.lists(DIAGNOSTICS, max_size=2).map(tuple),
    st.lists(st.builds(Row, TEXT, TEXT), max_size=2).map(tuple), layers=st.integers(0, 9),
)  # fmt: skip


@given(RESULTS)
def test_a_result_is_read_as_it_was_written(result: Result) -> None:
    assert read(Result, written(result)) == result


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40) | RESULTS.map(written).map(lambda data: data.replace(b'"', b"1", 3)))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        assert isinstance(read(Result, data), Result)
    except RecordError:
        return


def test_a_cache_without_a_folder_keeps_nothing(tmp_path: Path) -> None:
    job = Job(parse_target("net.py:Net"), (parse_input("2,3"),))
    cache = Cache(None)
    cache.put(job, Result("net.py:Net"), 0.0)
    assert (cache.get(job), cache.files(job), list(tmp_path.iterdir())) == (None, (), [])
