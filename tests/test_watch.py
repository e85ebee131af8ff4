"""`--watch`: the second report comes by itself."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from convlint import cli

ROOT = Path(__file__).resolve().parents[1]
NET = """
from torch import nn
from helper import WIDTH
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(WIDTH, 2)
    def forward(self, x):
        return self.fc(x)
"""
END = "Watching; Ctrl-C ends.\n"


class Watched:
    """A run with `--watch`, whose reports are read one after the other."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "convlint", "--watch", *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Else it is deaf to it where the tests run in the background of a shell.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert self.process.stdout is not None
        self._out = self.process.stdout
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._out, selectors.EVENT_READ)

    def report(self) -> str:
        """What is said until the next change is waited for."""
        text = b""
        deadline = time.monotonic() + 90
        while not text.endswith(END.encode()):
            assert self._ready.select(max(0, deadline - time.monotonic())), text
            part = os.read(self._out.fileno(), 65536)
            assert part, text
            text += part
        lines = text.decode().splitlines(keepends=True)
        assert re.fullmatch(r"\[\d\d:\d\d:\d\d\] " + END, lines[-1])
        return "".join(lines[:-1])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "helper.py").write_text("WIDTH = 8\n")
    return tmp_path


@pytest.fixture
def watched(project: Path) -> Iterator[Watched]:
    pytest.importorskip("watchfiles")
    found = Watched(project, "net.py:Net", "--input", "2,8")
    yield found
    found.process.kill()
    found.process.wait()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="POSIX processes")
def test_every_change_is_a_report(watched: Watched, project: Path) -> None:
    fine = "All checks passed: net.py:Net, 1 layer.\n"
    assert watched.report() == fine
    helper = project / "helper.py"
    helper.write_text("WIDTH = 9\n")  # as long as before, and perhaps within the same second
    assert "takes 9 features, but 8 arrive" in watched.report()
    server = _children(watched.process.pid)
    helper.write_text("WIDTH = (\n")
    assert "syntax error at helper.py:1" in watched.report()
    helper.unlink()
    assert "No module named 'helper'" in watched.report()
    helper.with_suffix(".new").write_text("from deeper import WIDTH\n")
    helper.with_suffix(".new").rename(helper)  # as many editors save
    assert "No module named 'deeper'" in watched.report()
    (project / "deeper.py").write_text("WIDTH = 8\n")
    assert watched.report() == fine
    (project / "notes.txt").write_text("nobody reads this")
    (project / "convlint.toml").write_text("tagets = 3\n")
    assert "convlint.toml:1: " in watched.report()
    (project / "convlint.toml").write_text('ignore = ["CL5"]\n')
    assert watched.report() == fine
    assert _children(watched.process.pid) == server  # torch was imported once
    assert len(server) == 1
    watched.process.send_signal(signal.SIGINT)
    assert watched.process.wait(timeout=20) == 130
    assert watched.process.stdout is not None
    assert b"Traceback" not in watched.process.stdout.read()
    assert not any(Path(f"/proc/{pid}").exists() for pid in server)


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def test_without_the_library_it_is_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    monkeypatch.chdir(project)
    assert cli.run(["net.py:Net", "--watch"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "convlint: --watch needs watchfiles: pip install 'convlint[watch]'\n"
