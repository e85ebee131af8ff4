"""Entries of the cache: what they depend on, what is none, and how they are kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convlint import cli, isolate, record, spec, stamp, symbol, target
from convlint.cache import FOLDER, Cache, Entry
from convlint.contract import parse as expectation
from convlint.diagnostic import Diagnostic, Edit, Fix, Label, Location, Severity
from convlint.job import Job, Ran, Result, Row, Unseen
from convlint.selection import Selection

ROOT = Path(__file__).resolve().parents[1]
NET = """
import json
from pathlib import Path
from helper import WIDTH
from torch import nn

SETTINGS = json.loads((Path(__file__).parent / "settings.json").read_text())

class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.fc = nn.Linear(WIDTH, classes, bias=SETTINGS["bias"])

    def forward(self, x):
        return self.fc(x)
"""
CONFIG = """
ignore = ["CL5"]
[[targets]]
name = "net"
model = "net.py:Net"
inputs = ["2,8"]
"""

# What this process has imported when all is said.
_RUN = """
import sys
from convlint import cli
status = cli.run(sys.argv[1:])
print("torch" if {"torch", "networkx", "numpy", "multiprocessing"} & set(sys.modules) else "light")
sys.exit(status)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {
        "net.py": NET,
        "helper.py": "WIDTH = 8\n",
        "settings.json": '{"bias": true}',
        "convlint.toml": CONFIG,
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVLINT_NO_CACHE")
    return tmp_path


def _convlint(folder: Path, *words: str) -> tuple[int, str, bool]:
    """The status and the report of a run in a process of its own, and whether it was a hit."""
    environment = {k: v for k, v in os.environ.items() if k != "CONVLINT_NO_CACHE"}
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *words],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    report, _, imported = done.stdout.rstrip().rpartition("\n")
    assert done.stderr == ""
    return done.returncode, report, imported == "light"


def test_a_hit_says_the_same_and_imports_neither_torch_nor_networkx(project: Path) -> None:
    first = _convlint(project)
    again = _convlint(project)
    assert first == (0, "All checks passed: net, 1 layer.", False)
    assert again == (*first[:2], True)
    # Also with findings, comments that hide some, a table, and another format.
    (project / "helper.py").write_text("WIDTH = 9\n")
    for words in ([], ["--select", "CL1"]):
        status, report, hit = _convlint(project, *words)
        assert (status, hit) == (1, False)
        assert "takes 9 features, but 8 arrive" in report
        assert _convlint(project, *words) == (1, report, True)
    status, report, hit = _convlint(project, "--output-format", "json")
    assert (status, hit, json.loads(report)[0]["code"]) == (1, True, "CL102")
    text = (project / "net.py").read_text()
    (project / "net.py").write_text(text.replace("(x)\n", "(x)  # convlint: ignore[CL102]\n"))
    assert _convlint(project) == (0, "All checks passed: net, 1 layer.", False)
    assert _convlint(project) == (0, "All checks passed: net, 1 layer.", True)


def test_where_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _counted(monkeypatch)
    assert cli.run(["-q", "--cache-dir", "elsewhere"]) == 0
    assert (project / "elsewhere" / ".gitignore").exists()
    (project / "convlint.toml").write_text('cache-dir = "third"\n' + CONFIG)
    (project / "src").mkdir()
    monkeypatch.chdir(project / "src")
    assert cli.run(["-q"]) == 0
    assert (project / "third").is_dir()
    assert len(asked) == 2
    assert cli.run(["-q"]) == 0
    assert len(asked) == 2
    assert cli.run(["-q", "--no-cache"]) == 0
    monkeypatch.setenv("CONVLINT_NO_CACHE", "1")
    assert cli.run(["-q"]) == 0
    assert len(asked) == 4
    assert not (project / FOLDER).exists()
    assert not (project / "src" / FOLDER).exists()


def _counted(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> list[Job]:
    """The jobs that are checked, as if all were well."""
    asked: list[Job] = []

    def run(jobs: Sequence[Job], **_: Any) -> Iterator[Result]:
        for job in jobs:
            asked.append(job)
            files = tuple(str(Path(name).absolute()) for name in ("net.py", "helper.py"))
            yield replace(Result(job.display, layers=1, files=files), **changed)

    monkeypatch.setattr(isolate, "run", run)
    return asked


JOB = Job(target.parse("net.py:Net"), (spec.parse("2,8"),))
CHANGES: dict[str, Callable[[Path], None]] = {
    "the file": lambda p: _append(p / "net.py"),
    "a helper": lambda p: _append(p / "helper.py"),
    "a helper that is gone": lambda p: (p / "helper.py").unlink(),
    "data": lambda p: _append(p / "settings.json"),
    "data that appears": lambda p: (p / "absent.json").write_text("{}"),
    "a module that may hide another": lambda p: (p / "torch.py").write_text(""),
    "a package": lambda p: (p / "json").mkdir(),
}
ALIKE: dict[str, Callable[[Path], None]] = {
    "nothing": lambda p: None,
    "the date of a file": lambda p: os.utime(p / "net.py"),
    "another kind of file": lambda p: (p / "notes.txt").write_text("x"),
    "a hidden folder": lambda p: (p / ".git").mkdir(),
}


def _append(path: Path) -> None:
    path.write_text(path.read_text() + "\n")


def _kept(project: Path) -> tuple[Cache, Result]:
    files = tuple(str(project / name) for name in ("net.py", "helper.py"))
    opened = tuple(str(project / name) for name in ("settings.json", "absent.json"))
    result = Result("net.py:Net", files=files, opened=opened, layers=1)
    cache = Cache(project / FOLDER)
    cache.put(JOB, result, time.time() + 1)
    return cache, result


@pytest.mark.parametrize("change", [*CHANGES, *ALIKE])
def test_what_a_result_depends_on(project: Path, change: str) -> None:
    cache, result = _kept(project)
    assert cache.get(JOB) == result
    {**CHANGES, **ALIKE}[change](project)
    assert cache.get(JOB) == (result if change in ALIKE else None)
    assert set(cache.files(JOB)) == {*result.files, *result.opened}  # as it was


@pytest.mark.parametrize(
    "job",
    [
        replace(JOB, target=target.parse("net.py:Net(classes=3)")),
        replace(JOB, target=target.parse("net.py:Net()")),
        replace(JOB, target=target.parse("net.py:Other")),
        replace(JOB, target=target.parse("net:Net")),
        replace(JOB, target=replace(JOB.target, root="/")),
        replace(JOB, inputs=(spec.parse("2,9"),)),
        replace(JOB, inputs=(spec.parse("2,8:int64"),)),
        replace(JOB, inputs=(spec.parse("x=2,8"),)),
        replace(JOB, inputs=(spec.parse("N,8"),)),
        replace(JOB, dims=symbol.parse(["N=2"])),
        replace(JOB, inputs=(*JOB.inputs, spec.parse("flag:=true"))),
        replace(JOB, mode="train"),
        replace(JOB, selection=Selection(select=("CL1",))),
        replace(JOB, selection=Selection(ignore=("CL1",))),
        replace(JOB, selection=Selection(extend_select=("CL1",))),
        replace(JOB, want_shapes=True),
        replace(JOB, expected=(expectation("N,10"),)),
        replace(JOB, expected=(expectation("y=N,10"),)),
        replace(JOB, name="net"),
    ],
    ids=str,
)
def test_another_job_is_another_entry(project: Path, job: Job) -> None:
    cache, _ = _kept(project)
    assert cache.get(job) is None


def test_the_same_job_from_another_folder_is_another(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, result = _kept(project)
    assert cache.get(JOB) == result
    monkeypatch.chdir("/")
    assert cache.get(JOB) is None


@pytest.fixture
def fresh() -> Iterator[None]:
    """What is known of the environment is asked anew, before and after."""
    stamp.of_environment.cache_clear()
    yield
    stamp.of_environment.cache_clear()


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    "change", ["torch", "library", "again", "python", "path", "strict", "version", "source"]
)
def test_what_is_installed(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory,
    change: str,
) -> None:  # fmt: skip
    installed = tmp_path_factory.mktemp("site-packages")
    (installed / "torch-2.9.0.dist-info").mkdir()
    (installed / "mine-0.1.dist-info").mkdir()
    origin = installed / "mine-0.1.dist-info" / "direct_url.json"
    origin.write_text("{}")
    monkeypatch.syspath_prepend(str(installed))
    own = tmp_path_factory.mktemp("checkout") / "convlint"
    (own / "shapes").mkdir(parents=True)
    (own / "shapes" / "conv.py").write_text("")
    monkeypatch.setattr(stamp, "_OURS", own)
    cache, result = _kept(project)
    assert cache.get(JOB) == result
    if change == "torch":
        (installed / "torch-2.9.0.dist-info").rename(installed / "torch-2.9.1.dist-info")
    elif change == "library":
        (installed / "timm-1.0.dist-info").mkdir()
    elif change == "again":
        os.utime(origin, (1, 1))
    elif change == "python":
        monkeypatch.setattr(sys, "version", "3.99")
    elif change == "path":
        monkeypatch.setenv("PYTHONPATH", "/other")
    elif change == "strict":
        monkeypatch.setenv("CONVLINT_STRICT", "other")
    elif change == "version":
        monkeypatch.setattr("convlint.__version__", "99")
    else:
        (own / "shapes" / "conv.py").write_text("changed")
    stamp.of_environment.cache_clear()
    assert cache.get(JOB) is None


def _found(severity: Severity, code: str) -> tuple[Diagnostic, ...]:
    return (Diagnostic(code, "a-name", severity, "a message"),)


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({}, True),
        ({"diagnostics": _found(Severity.ERROR, "CL101")}, True),
        ({"diagnostics": _found(Severity.INFO, "CL005")}, True),
        ({"diagnostics": _found(Severity.ERROR, "CL001")}, False),
        ({"diagnostics": _found(Severity.ERROR, "CL003")}, False),
        ({"incomplete": True}, False),
        ({"hurried": True}, False),
        ({"opened": tuple(f"/{n}" for n in range(2000))}, False),
    ],
)
def test_only_what_is_complete_is_kept(
    project: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], kept: bool
) -> None:
    asked = _counted(monkeypatch, **changed)
    for _ in range(2):
        cli.run(["-q"])
    assert len(asked) == (1 if kept else 2)


def test_what_is_saved_while_it_is_checked_is_not_kept(project: Path) -> None:
    cache = Cache(project / FOLDER)
    began = time.time() - 60
    result = Result("net.py:Net", files=(str(project / "net.py"),))
    cache.put(JOB, result, began)
    assert cache.get(JOB) is None
    cache.put(JOB, result, time.time() + 1)
    assert cache.get(JOB) == result


def _entry(project: Path) -> Path:
    (found,) = (project / FOLDER).glob("check-*")
    return found


def _spoilt(project: Path) -> Iterator[tuple[str, bytes]]:
    data = _entry(project).read_bytes()
    read = json.loads(data)
    yield "empty", b""
    yield "half", data[: len(data) // 2]
    yield "deep", b"[" * 100_000
    yield "foreign", b"\x89PNG\r\n"
    yield "a number", b"3"
    yield "a long number", b"9" * 10_000
    yield "of a newer version", json.dumps({**read, "more": 1}).encode()
    yield "of an older version", json.dumps({"result": read["result"]}).encode()
    yield "another type", json.dumps({**read, "result": {**read["result"], "layers": "1"}}).encode()
    yield "a truth", json.dumps({**read, "result": {**read["result"], "layers": True}}).encode()
    yield "null", json.dumps({**read, "files": None}).encode()


def test_a_spoilt_entry_is_none(project: Path) -> None:
    cache, result = _kept(project)
    for what, data in _spoilt(project):
        _entry(project).write_bytes(data)
        assert cache.get(JOB) is None, what
        assert cache.files(JOB) == (), what
    cache.put(JOB, result, time.time() + 1)
    assert cache.get(JOB) == result


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX")
def test_what_is_no_file_is_no_entry(project: Path) -> None:
    cache, result = _kept(project)
    path = _entry(project)
    path.unlink()
    os.mkfifo(path)
    assert cache.get(JOB) is None
    path.unlink()
    path.mkdir()
    assert cache.get(JOB) is None
    cache.put(JOB, result, time.time() + 1)
    assert sorted(path.parent.glob("check-*")) == [path]  # nothing half-written is left


def test_old_entries_go_and_nothing_else_does(project: Path) -> None:
    folder = project / "mine"
    folder.mkdir()
    (folder / "precious.json").write_text("{}")
    (folder / f"check-{'a' * 32}.json").write_text("{}")
    (folder / f"check-{'b' * 32}.1234").write_text("{}")  # of a process that was killed
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    (folder / f"check-{'c' * 32}.json").write_text("{}")
    Cache(folder).put(JOB, Result("t"), time.time() + 1)
    names = {path.name for path in folder.iterdir()}
    assert {"precious.json", f"check-{'c' * 32}.json"} < names
    assert len(names) == 3
    assert not (folder / ".gitignore").exists()  # the folder was not made by us


def test_there_is_a_most(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convlint.cache._MOST", 3)
    for number in range(10):
        job = replace(JOB, name=str(number))
        Cache(project / FOLDER).put(job, Result("t"), time.time() + 1)
        assert Cache(project / FOLDER).get(job) is not None
    assert len(list((project / FOLDER).glob("check-*"))) == 4


def test_two_processes_at_once(project: Path) -> None:
    code = (
        "import sys, time\nfrom tests.test_entries import JOB\nfrom convlint.cache import Cache\n"
        "from convlint.job import Result\nfrom pathlib import Path\n"
        "cache = Cache(Path('.convlint_cache'))\n"
        "for number in range(300):\n"
        "    cache.put(JOB, Result(sys.argv[1] * 10_000), time.time() + 1)\n"
        "    found = cache.get(JOB)\n"
        "    assert found is not None and set(found.target) in ({'a'}, {'b'}), number\n"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, letter], cwd=project, env={"PYTHONPATH": str(ROOT)}
        )
        for letter in "ab"
    ]
    assert [one.wait(timeout=120) for one in both] == [0, 0]
    assert len(list((project / FOLDER).glob("check-*"))) == 1


def test_a_selection_is_refused_also_where_the_rules_are_not_read(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert cli.run(["--select", "CL999"]) == 2
        assert "no rule is called `CL999`" in capsys.readouterr().err
    (catalogue,) = (project / FOLDER).glob("rules-*")
    catalogue.write_text("{}")
    assert cli.run(["--select", "CL999"]) == 2
    assert "no rule is called `CL999`" in capsys.readouterr().err


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_are_no_entry(project: Path, data: bytes) -> None:
    cache = Cache(project / FOLDER)
    cache.put(JOB, Result("t"), time.time() + 1)
    _entry(project).write_bytes(data)
    assert cache.get(JOB) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["files", "folders", "result", "target", "rows"]), inner, max_size=3
        )
    ),
)


@given(_JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    with pytest.raises(record.RecordError):
        record.read(Entry, json.dumps(value).encode())


_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)  # lone surrogates too
_PLACES = st.builds(Location, _TEXT, st.integers(), st.integers(), st.integers(), st.integers())
_LABELS = st.builds(Label, _TEXT, _PLACES)
_FIXES = st.builds(
    Fix, _TEXT, _TEXT, st.lists(st.builds(Edit, _TEXT, _PLACES), max_size=2).map(tuple)
)


def _tuples(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=2).map(tuple)


_DIAGNOSTICS = st.builds(
    Diagnostic, _TEXT, _TEXT, st.sampled_from(Severity), _TEXT, st.none() | _PLACES, _TEXT,
    _tuples(_LABELS), st.none() | _TEXT, _tuples(_TEXT), _tuples(_TEXT), _TEXT, _TEXT,
    _tuples(_TEXT), st.none() | _TEXT, st.none() | _TEXT, st.none() | _FIXES,
)  # fmt: skip
_RESULTS = st.builds(
    Result,
    _TEXT,
    _tuples(_DIAGNOSTICS),
    rows=_tuples(
        st.builds(
            Row, _TEXT, _TEXT, _tuples(_TEXT), st.none() | _TEXT, location=st.none() | _PLACES
        )
    ),
    incomplete=st.booleans(),
    layers=st.integers(),
    unseen=_tuples(st.builds(Unseen, _TEXT, _TEXT, _tuples(st.integers()))),
    ran=_tuples(st.builds(Ran, _TEXT, _tuples(st.integers()))),
    files=_tuples(_TEXT),
    opened=_tuples(_TEXT),
    hurried=st.booleans(),
)


@given(_RESULTS)
def test_a_result_comes_back_as_it_was(result: Result) -> None:
    assert record.read(Result, record.written(result)) == result


def test_what_is_no_plain_data_is_not_written() -> None:
    with pytest.raises(TypeError):
        record.written(Result("t", rows=(object(),)))  # type: ignore[arg-type]
