"""What the user's code may do to its process does not reach ours."""

from __future__ import annotations

import faulthandler
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from convlint import child, isolate, target
from convlint.job import Job, Result
from convlint.server import Server

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the fake check reaches forked children only"
)


def _fine(job: Job) -> Result:
    return Result(job.target.display, layers=len(job.target.name))


def _prints(job: Job) -> Result:
    print("PRINTED")
    os.write(1, b"WRITTEN\n")
    subprocess.run(["echo", "ECHOED"], check=True)
    return _fine(job)


def _reads(job: Job) -> Result:
    assert sys.stdin.read() == ""
    return _fine(job)


def _exits(job: Job) -> Result:
    sys.exit("bye")


def _exits_hard(job: Job) -> Result:
    os._exit(7)


def _dies(job: Job) -> Result:
    faulthandler.disable()  # pytest's; its traceback would only be noise here
    os.kill(os.getpid(), signal.SIGSEGV)
    return _fine(job)


def _hangs(job: Job) -> Result:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(["sleep", "987654"])
    while True:
        time.sleep(1)


def _hoards(job: Job) -> Result:
    bytearray(2**46)
    return _fine(job)


def _raises(job: Job) -> Result:
    raise ValueError("two\nlines")


def _answers_nonsense(job: Job) -> Result:
    return Result(job.target.display, rows=(lambda: None,))  # type: ignore[arg-type]


def _leaves_threads(job: Job) -> Result:
    import atexit
    import threading

    threading.Thread(target=time.sleep, args=(60,)).start()
    atexit.register(time.sleep, 60)
    return _fine(job)


def _changes_surroundings(job: Job) -> Result:
    os.chdir("/")
    os.environ["CONVLINT_TEST"] = "changed"
    sys.path.clear()
    return _fine(job)


def _closes_everything(job: Job) -> Result:
    os.closerange(3, 100)
    return _fine(job)


def _rests(job: Job) -> Result:
    time.sleep(0.3)
    return _fine(job)


def _ends_the_server(job: Job) -> Result:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)
    return _fine(job)


def _much(job: Job) -> Result:
    return Result("x" * 5_000_000)


_BY_NAME: dict[str, Callable[[Job], Result]] = {
    name.removeprefix("_"): value
    for name, value in list(globals().items())
    if name.startswith("_") and callable(value) and not name.startswith("__")
}


def _by_name(job: Job, deadline: float | None = None) -> Result:
    return _BY_NAME[job.target.name](job)


@pytest.fixture(autouse=True)
def _fake_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("convlint.lint"), "run", _by_name)


def _run(*names: str, timeout: float = 30.0, quiet: bool = True, workers: int = 1) -> list[Result]:
    jobs = [Job(target.parse(f"model.py:{name}")) for name in names]
    return list(isolate.run(jobs, timeout=timeout, quiet=quiet, workers=workers))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("exits", "the network's code called sys.exit('bye')"),
        ("exits_hard", "the network's code ended the process with status 7"),
        ("dies", "the process of the check was killed by SIGSEGV"),
        ("hoards", "the check ran out of memory"),
        ("raises", "internal error: ValueError: two lines"),
        ("answers_nonsense", "internal error: "),
        ("closes_everything", "ended the process with status"),
    ],
)
def test_a_lost_check_is_one_finding(name: str, message: str) -> None:
    (result,) = _run(name)
    (found,) = result.diagnostics
    assert result.incomplete
    assert (found.code, found.severity, found.target) == ("CL003", "error", f"model.py:{name}")
    assert message in found.message
    assert "\n" not in found.message


@pytest.mark.parametrize(
    "name", ["fine", "prints", "reads", "leaves_threads", "changes_surroundings", "much"]
)
def test_a_check_answers(name: str) -> None:
    folder, since = Path.cwd(), time.monotonic()
    (result,) = _run(name)
    assert not result.diagnostics
    assert Path.cwd() == folder
    assert "CONVLINT_TEST" not in os.environ
    assert time.monotonic() - since < 20


def test_time_is_limited_and_what_was_started_is_ended() -> None:
    since = time.monotonic()
    (result,) = _run("hangs", timeout=1.0)
    assert time.monotonic() - since < 10
    assert "ended after 1 s" in result.diagnostics[0].message
    assert "--timeout" in result.diagnostics[0].help[0]
    assert not _running("987654")


@pytest.mark.parametrize("workers", [1, 3])
def test_targets_do_not_disturb_each_other(workers: int) -> None:
    names = ["fine", "exits", "dies", "prints", "hangs", "exits_hard", "raises", "fine"]
    results = _run(*names, timeout=4.0, workers=workers)
    assert [result.target for result in results] == [f"model.py:{name}" for name in names]
    assert [result.incomplete for result in results] == [
        name not in ("fine", "prints") for name in names
    ]
    assert not _running("987654")


def test_results_come_in_the_order_of_the_jobs() -> None:
    names = ["rests", "fine", "rests", "much", "fine"]
    assert [result.layers for result in _run(*names, workers=4)] == [5, 4, 5, 0, 4]


@pytest.mark.parametrize("workers", [1, 3])
def test_who_ends_the_server_ends_no_other_check(workers: int) -> None:
    results = _run("fine", "ends_the_server", "rests", workers=workers)
    assert [result.incomplete for result in results] == [False, True, False]
    assert "killed by SIGKILL" in results[1].diagnostics[0].message


def test_a_server_stays_for_more() -> None:
    jobs = [Job(target.parse(f"model.py:{name}")) for name in ("fine", "exits")]
    with Server() as server:
        for _ in range(2):
            found = list(isolate.run(jobs, quiet=True, server=server))
            assert [result.incomplete for result in found] == [False, True]
        first = server.pid
        next(isolate.run(jobs, quiet=True, server=server))  # and the other one is not asked for
        found = list(isolate.run(jobs[:1], quiet=True, server=server))
        assert [result.incomplete for result in found] == [False]
        assert first is not None
        assert server.pid not in (None, first)
        last = server.pid
    assert server.pid is None
    assert not any(Path(f"/proc/{pid}").exists() for pid in (first, last))


def test_nothing_printed_reaches_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    _run("prints", "prints", quiet=False)
    _run("prints", quiet=False)
    out, err = capfd.readouterr()
    assert out == ""
    for word in ("PRINTED", "WRITTEN", "ECHOED"):
        assert err.count(word) == 3
    _run("prints")
    assert capfd.readouterr() == ("", "")


def test_waiting_is_told() -> None:
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1

    jobs = [Job(target.parse("model.py:hangs"))]
    list(isolate.run(jobs, timeout=1.0, quiet=True, waiting=tick))
    assert 3 <= ticks <= 12


def test_a_caller_that_gives_up_leaves_nothing_behind() -> None:
    jobs = [Job(target.parse(f"model.py:{name}")) for name in ("fine", "hangs", "hangs")]
    results = isolate.run(jobs, timeout=60.0, quiet=True, workers=3)
    next(results)
    deadline = time.monotonic() + 20
    while not _running("987654") and time.monotonic() < deadline:
        time.sleep(0.05)
    results.close()  # type: ignore[attr-defined]
    assert not _running("987654")


def _running(word: str) -> bool:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False


def test_where_nothing_can_be_forked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(child, "can_fork", lambda: False)
    (tmp_path / "model.py").write_text("print('noise')\nraise ValueError('mine')\n")
    job = Job(target.parse(f"{tmp_path}/model.py:Net"))
    results = list(isolate.run([job, job], quiet=True, workers=2))  # a fake is not inherited
    assert [result.incomplete for result in results] == [True, True]
    assert "ValueError: mine" in results[1].diagnostics[0].message


def _waits_for_the_next(job: Job) -> Result:
    """The first job ends only when a later one has come to its end."""
    deadline = time.monotonic() + 20
    while not Path(os.environ["CONVLINT_SIGNAL"]).exists():
        assert time.monotonic() < deadline, "the other job was not run meanwhile"
        time.sleep(0.02)
    return _fine(job)


def _lets_go(job: Job) -> Result:
    Path(os.environ["CONVLINT_SIGNAL"]).touch()
    return _fine(job)


_BY_NAME.update(waits=_waits_for_the_next, lets_go=_lets_go)


def test_several_workers_at_a_time_and_results_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVLINT_SIGNAL", str(tmp_path / "signal"))
    names = ["waits", "exits", "lets_go"]
    jobs = [Job(target.parse(f"model.py:{name}")) for name in names]
    results = list(isolate.run(jobs, timeout=30.0, quiet=True, workers=2))
    assert [result.target for result in results] == [f"model.py:{name}" for name in names]
    assert [result.unchecked for result in results] == [False, True, False]
