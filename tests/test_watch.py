"""`--watch`: a report after every change, with a process that has imported torch already."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from convlint import cli

ROOT = Path(__file__).parents[1]

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, x):
        return self.head(self.first(x).relu())
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.py"
    path.write_text(NET.replace("WIDTH", "4"))
    return path


@pytest.fixture
def watching(file: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "convlint", "net.py:Net", "--input", "2,3", "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        # Else it is deaf to it where the tests run in the background of a shell.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="POSIX processes")
def test_every_change_is_told_of(file: Path, watching: subprocess.Popen[str]) -> None:
    pytest.importorskip("watchfiles")
    assert watching.stdout is not None
    lines: queue.Queue[str] = queue.Queue()
    out = watching.stdout
    threading.Thread(target=lambda: [lines.put(line) for line in out], daemon=True).start()

    def told(text: str) -> None:
        """Wait for a line with `text`, and for the end of its report."""
        seen = []
        for wanted in (text, "Watching; Ctrl-C ends."):
            while wanted not in "".join(seen):
                seen.append(lines.get(timeout=60))

    told("All checks passed")
    file.write_text(NET.replace("WIDTH", "5"))
    told("`head` takes 5 features, but 4 arrive")
    file.write_text("class Net(\n")
    told("CL001")
    file.write_text(NET.replace("WIDTH", "4"))
    told("All checks passed")
    watching.send_signal(signal.SIGINT)
    assert watching.wait(20) == 130


def test_without_its_library_it_is_one_line(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    assert cli.run(["net.py:Net", "--input", "2,3", "--watch"]) == 2
    assert capsys.readouterr().err == (
        "convlint: --watch needs watchfiles: pip install 'convlint[watch]'\n"
    )
