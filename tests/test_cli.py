"""The command line: words in, report and exit status out."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convlint import cli, isolate, terminal
from convlint.diagnostic import Diagnostic, Severity
from convlint.job import Job, Result, Row

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="POSIX processes")
ROOT = Path(__file__).parent.parent
ENVIRONMENT = {
    **{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")},
    "PYTHONPATH": str(ROOT),
}


def _found(severity: Severity, code: str = "CL101") -> Diagnostic:
    return Diagnostic(code, "channel-mismatch", severity, "a message", target="t")


FAKES: dict[str, tuple[Diagnostic, ...]] = {
    "Fine": (),
    "Error": (_found(Severity.ERROR),),
    "Warning": (_found(Severity.WARNING),),
    "Info": (_found(Severity.INFO),),
    "Lost": (_found(Severity.ERROR, "CL003"),),
    "Assumed": (_found(Severity.INFO, "CL004"),),
}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Job]:
    """What would have been run; the findings are told by the name of the network."""
    asked: list[Job] = []

    def run(jobs: Sequence[Job], **_: Any) -> Iterator[Result]:
        for job in jobs:
            asked.append(job)
            found = FAKES.get(job.target.name, ())
            row = Row("conv1", "conv2d", ("[1, 3]",), "[1, 4]")
            yield Result(job.target.display, found, (row,), layers=1)

    monkeypatch.setattr(isolate, "run", run)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "CONVLINT_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    return asked


def test_the_command_check_needs_no_name(jobs: list[Job]) -> None:
    options = ["--input", "x=1,3,8,8", "--input", "flag:=true", "--arg", "width=64"]
    for words in (
        ["m.py:Fine", *options],
        [*options, "m.py:Fine"],
        ["check", "m.py:Fine", *options],
        ["check", *options, "--", "m.py:Fine"],
    ):
        assert cli.run(words) == 0
        job = jobs.pop()
        assert job.target.display == "m.py:Fine(width=64)"
        assert [str(one) for one in job.inputs] == ["x=1,3,8,8", "flag:=true"]
        assert (job.mode, job.want_shapes) == ("eval", False)


def test_targets_and_modes_are_multiplied(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["m.py:Error", "m.py:Fine", "m.py:Error", "--mode", "train", "--mode", "eval"]
    assert cli.run([*words, "--output-format", "json"]) == 1
    assert [(job.target.name, job.mode) for job in jobs] == [
        ("Error", "train"),
        ("Error", "eval"),
        ("Fine", "train"),
        ("Fine", "eval"),
    ]
    assert len(json.loads(capsys.readouterr().out)) == 1  # what both modes say is said once


@pytest.mark.parametrize(
    ("names", "options", "status"),
    [
        ("Fine", "", 0),
        ("Error", "", 1),
        ("Warning", "", 1),
        ("Info", "", 0),
        ("Assumed", "", 0),
        ("Info", "--fail-on info", 1),
        ("Warning", "--fail-on error", 0),
        ("Error", "--fail-on error", 1),
        ("Error", "--fail-on never", 0),
        ("Lost", "", 2),
        ("Lost", "--fail-on never", 2),
        ("Error Lost Fine", "", 2),
        ("Fine Warning", "", 1),
    ],
)
def test_exit_status(jobs: list[Job], names: str, options: str, status: int) -> None:
    assert cli.run([*(f"m.py:{name}" for name in names.split()), *options.split()]) == status


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "what should be checked? write convlint model.py:Net --input 1,3,8,8"),
        (["check"], "what should be checked? write convlint model.py:Net"),
        (["m.py:Fine", "--nope"], "No such option '--nope'"),
        (["m.py:Fine", "--input", "1,3,?"], "--input: size 3 of `1,3,?` is `?`"),
        (["m.py:Fine", "--input", "0,3,4,4"], "--input: size 1 of `0,3,4,4` is `0`"),
        (["m.py:Fine", "--input", "1,-3"], "a size must be at least 1"),
        (["m.py:Fine", "--input", ""], "--input: the input is empty"),
        (["m.py:Fine", "--input", "1:flot32"], "did you mean `float32`?"),
        (["m.py:Fine", "--input", "x=1", "--input", "x=2"], "--input: `x` is given twice"),
        (["m"], "`m` names no network; write model.py:Net"),
        (["."], "no network is configured in the folder `.`; write model.py:Net, or let `convlint"),
        (["gone/"], "there is no file or folder `gone/`"),
        (["gone.py"], "there is no file or folder `gone.py`"),
        (["m.py:Fine", "--input", "1", "3", "224"], "1x3x224x224"),
        (["m.py:Fine", "--arg", "width"], "--arg takes name=value"),
        (["m.py:Fine(f())"], "is not a literal"),
        (["m.py:Fine", "--mode", "test"], "Invalid value for '--mode'"),
        (["m.py:Fine", "--timeout", "0"], "Invalid value for '--timeout'"),
        (["m.py:Fine", "--memory-limit", "8X"], "'8X' is no size; write 8G, 512M, bytes, or 0"),
        (["m.py:Fine", "--select", "CL999"], "no rule is called `CL999`"),
        (["m.py:Fine", "--ignore", "chanel-mismatch"], "did you mean `channel-mismatch`?"),
        (["m.py:Fine", "--output-format", "xml"], "Invalid value for '--output-format'"),
        (["m.py:Fine", "-o", "no/such/folder"], "cannot write no/such/folder: "),
        (["rule", "nonsense"], "no rule is called `nonsense`"),
        (["rule", "chanel-mismatch"], "did you mean `channel-mismatch`?"),
        (["rule", "--nope"], "No such option"),
        (["shapes"], "what should be checked?"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    jobs: list[Job], capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert cli.run(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("convlint: ")
    assert line in err
    assert err.count("\n") == 1


def test_report_to_a_file(
    jobs: list[Job], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["m.py:Error", "-o", "report.txt"]) == 1
    assert capsys.readouterr() == ("", "")
    assert "Found 1 error in 1 target.\n" in (tmp_path / "report.txt").read_text("utf-8")


def test_quiet_statistics_and_colour(
    jobs: list[Job], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def out(*words: str) -> str:
        cli.run(["m.py:Error", *words])
        return capsys.readouterr().out

    assert "Found" in out()
    assert "Found" not in out("-q")
    assert out("--statistics").startswith("1  CL101  channel-mismatch\n")
    assert "\x1b[" not in out()
    assert "\x1b[" in out("--color", "always")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in out()
    assert "\x1b[" not in out("--color", "never")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in out()


@pytest.mark.parametrize(
    ("choice", "environment", "is_terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_when_to_colour(
    monkeypatch: pytest.MonkeyPatch,
    choice: str,
    environment: dict[str, str],
    is_terminal: bool,
    wanted: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    assert terminal.wants_color(choice, stream) == wanted


def test_shapes(jobs: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["shapes", "m.py:Error", "--input", "1,3"]) == 0
    assert capsys.readouterr().out.startswith(
        "layer  op      input   output\nconv1  conv2d  [1, 3]  [1, 4]\n"
    )
    assert jobs[0].want_shapes
    assert cli.run(["shapes", "m.py:Lost"]) == 2


def test_rule_pages(jobs: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["rule", "CL101"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("# channel-mismatch (CL101)\n\n*error, on by default*\n\n")
    assert "# channel-mismatch\n" not in page
    assert cli.run(["rule", "cl101"]) == cli.run(["rule", "channel-mismatch"]) == 0
    assert capsys.readouterr().out == page * 2
    assert cli.run(["rule", "--all"]) == 0
    assert page in capsys.readouterr().out
    assert cli.run(["rule"]) == 0
    listed = capsys.readouterr().out
    assert re.search(r"^CL101  channel-mismatch +error +on +\d+ %$", listed, re.MULTILINE)
    assert re.search(r"^CL001  cannot-import +error +on$", listed, re.MULTILINE)
    assert cli.run(["rule", "CL101", "--color", "always"]) == 0
    assert "\x1b[" in capsys.readouterr().out


def test_help_lists_the_options_of_check(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--help"], ["-h"], ["check", "--help"], ["shapes", "-h"]):
        assert cli.run(words) == 0
        text = capsys.readouterr().out
        for option in (
            "--input",
            "--arg",
            "--mode",
            "--select",
            "--color",
            "--timeout",
            "--memory-limit",
        ):
            assert option in text
    assert "Exit status" in text or "shapes" in text


def test_a_fault_of_our_own_is_one_line(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(jobs: Sequence[Job], **_: Any) -> Iterator[Result]:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr(isolate, "run", broken)
    assert cli.run(["m.py:Fine"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("convlint: internal error: ZeroDivisionError: two lines; please report")
    assert err.count("\n") == 1
    monkeypatch.setenv("CONVLINT_TRACEBACK", "1")
    assert cli.run(["m.py:Fine"]) == 2
    assert "Traceback" in capsys.readouterr().err


_WORDS = st.sampled_from(
    [
        *("m.py:Fine", "m.py:Error", "check", "shapes", "rule", "--input", "1,3", "--arg", "a=1"),
        *("-q", "--select", "CL1", "--mode", "eval", "--version", "--", "--fail-on", "never"),
        *("--all", "-o"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(_WORDS | st.text(max_size=5), max_size=6))
def test_any_words_end_with_a_status(
    jobs: list[Job], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert cli.run(words) in (0, 1, 2)
    assert "internal error" not in capsys.readouterr().err


def _python(code: str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        **{"capture_output": True, "text": True, "env": ENVIRONMENT, "check": False, **options},
    )


_LISTED = """
import sys
from convlint import cli
status = cli.run(sys.argv[1:])
sys.stderr.write("IMPORTED " + " ".join(sorted({name.split(".")[0] for name in sys.modules})))
sys.exit(status)
"""


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--version"], 0),
        (["--help"], 0),
        (["rule", "CL101"], 0),
        (["rule", "--all"], 0),
        (["m.py:Net", "--input", "1,a"], 2),
        (["m.py:Net", "--input", "1,3", "--select", "CL101"], 2),
        (["m.py:Net", "n.py:Net", "--mode", "train"], 2),
    ],
)
def test_this_process_imports_neither_torch_nor_networkx(
    words: list[str], status: int, tmp_path: Path
) -> None:
    done = _python(_LISTED, *words, cwd=tmp_path)
    imported = done.stderr.rpartition("IMPORTED ")[2].split()
    assert done.returncode == status, done.stderr
    assert "convlint" in imported
    assert not {"torch", "networkx", "numpy"} & set(imported)
    if words == ["--version"]:
        assert "rich" not in imported
        assert re.fullmatch(r"convlint \S.*\n", done.stdout)


_FAKED = """
import sys, time
from convlint import cli
import convlint.lint
from convlint.job import Result
def run(job, deadline=None):
    print("noise of the user's code")
    time.sleep(float(job.target.kwargs[0][1]))
    return Result(job.target.display, layers=3)
convlint.lint.run = run
cli.main()
"""


@LINUX
def test_nothing_but_the_report_reaches_stdout(tmp_path: Path) -> None:
    words = ["m.py:Net", "--arg", "sleep=0", "--output-format", "json"]
    done = _python(_FAKED, *words)
    assert (done.returncode, done.stdout) == (0, "[]\n")
    assert done.stderr == "noise of the user's code\n"
    done = _python(_FAKED, *words, "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def _started(words: Sequence[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _FAKED, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        # Else it is deaf to it where the tests run in the background of a shell.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    _until(lambda: len(_family(process.pid)) > len(words) - 2)
    time.sleep(0.3)
    return process


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def _family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(folder.name)] = int(fields[1])
    family = [pid] if pid in parents else []
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


@LINUX
@pytest.mark.parametrize("targets", [["m.py:A"], ["m.py:A", "m.py:B"]])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_when_told_to_stop_it_stops_with_all_its_children(
    targets: list[str], number: signal.Signals, status: int
) -> None:
    process = _started([*targets, "--arg", "sleep=50"])
    family = _family(process.pid)
    assert len(family) > len(targets)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == status
    assert out == ""
    assert "Traceback" not in err
    _until(lambda: not any(_family(member) for member in family))


@LINUX
def test_a_reader_that_goes_away_is_not_worth_a_word() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = _python(
            _FAKED, "m.py:Net", "--arg", "sleep=0", "-q", "--output-format", "json",
            capture_output=False, stdout=writer, stderr=subprocess.PIPE,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 0


@LINUX
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["m.py:A", "--arg", "sleep=0"], False),
        (["m.py:A", "--arg", "sleep=2"], True),
        (["m.py:A", "m.py:B", "--arg", "sleep=0.3"], True),
        (["m.py:A", "m.py:B", "--arg", "sleep=0.3", "-q"], False),
    ],
)
def test_progress_is_shown_on_a_terminal_to_who_waits(words: list[str], shown: bool) -> None:
    import pty

    terminal, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _FAKED, *words],
        stdout=subprocess.PIPE,
        stderr=side,
        env={**ENVIRONMENT, "TERM": "xterm"},
    )
    os.close(side)
    text = b""
    while True:
        try:
            part = os.read(terminal, 1000)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(terminal)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert (b"checking m.py:A" in text) == shown
    assert b"checking" not in out


@LINUX
def test_an_encoding_that_knows_no_signs(tmp_path: Path) -> None:
    (tmp_path / "größe.py").write_text("raise ValueError('⌊1⌋')\n", encoding="utf-8")
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "latin-1"}
    done = _python(_LISTED, "größe.py:Net", cwd=tmp_path, env=environment, encoding="latin-1")
    assert done.returncode == 2
    assert "ValueError: ?1?" in done.stdout


@LINUX
@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("missing.py:Net", "", "there is no file `missing.py`"),
        ("m.py:Nett", "class Net: pass", "did you mean `Net`?"),
        ("m.py:Net", "Net = 3", "m.py:Net"),
        ("m.py:Net", "def Net(): raise ValueError('wrong')", "ValueError: wrong"),
        ("m.py:Net", "class Net:\n  def f(:", "syntax error at m.py:2"),
        ("m.py:Net", "import sys; sys.exit()", "called sys.exit() at m.py:1"),
        ("m.py:Net", "import os; os._exit(0)", "ended the process with status 0"),
    ],
)
def test_bad_networks_are_findings_and_status_2(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    (tmp_path / "m.py").write_text(text)
    done = _python(_LISTED, name, "--input", "1,3,8,8", cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
