"""A small project to look through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from convlint import cli

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, channels=3, width=4):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3)

    def forward(self, x):
        return self.conv(x)
"""

Write = Callable[[str, str], Path]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file of the project, which is the current folder."""
    monkeypatch.chdir(tmp_path)

    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return written


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Status, stdout and stderr of a command line."""

    def ran(*words: str) -> tuple[int, str, str]:
        status = cli.run(words)
        out, err = capsys.readouterr()
        return status, out, err

    return ran
