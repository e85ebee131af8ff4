"""Whoever follows README's section on gates, with a good, a broken and a silently wrong network.

What its console prints is compared in `test_documents.py`; here is what stands in its sentences.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.documents import files, scratch
from tests.scratch import Scratch
from tests.test_action import Job

README = Path(__file__).resolve().parents[1] / "README.md"


@pytest.fixture
def project(tmp_path: Path) -> Scratch:
    made = scratch(README, tmp_path)
    assert made is not None
    return made


def test_every_command_of_its_sentences(project: Scratch) -> None:
    text = README.read_text(encoding="utf-8")
    section = text[text.index("## Before every commit") : text.index("[docs/ci.md]")]
    prose = re.sub(r"^```.*?^```$", "", section, flags=re.MULTILINE | re.DOTALL)
    commands = re.findall(r"`((?:convlint|pytest|pre-commit|git)\b[^`]*)`", prose)
    assert commands == ["convlint", "pytest --convlint"]
    plain, tests = (project.run(command) for command in commands)
    assert plain.returncode == 1
    assert "Found 1 error, 1 warning in 3 targets." in plain.stdout
    assert tests.returncode == 1
    assert "2 failed, 1 passed" in tests.stdout
    for finding in ("CL101 channel-mismatch", "CL551 unregistered-layer"):
        assert finding in plain.stdout
        assert finding in tests.stdout


def test_its_workflow(project: Scratch) -> None:
    workflow = yaml.safe_load(dict(files(README))[".github/workflows/shapes.yml"])
    *_, step = workflow["jobs"]["convlint"]["steps"]
    done = Job(project).run("Lint", **step["with"])
    assert done.returncode == 1
    assert "::error file=autoencoder.py,line=8," in done.stdout
