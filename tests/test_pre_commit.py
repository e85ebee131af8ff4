"""The hooks for pre-commit, run by pre-commit in a repository of somebody else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.documents import files
from tests.scratch import Scratch

ROOT = Path(__file__).resolve().parents[1]
CONFIGURATION = dict(files(ROOT / "README.md"))[".pre-commit-config.yaml"]


@pytest.fixture
def project(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path, ROOT / "examples" / "gate")


def test_the_manifest_is_valid() -> None:
    program = Path(sys.executable).parent / "pre-commit"
    words = ["validate-manifest", ROOT / ".pre-commit-hooks.yaml"]
    subprocess.run([program, *words], check=True)
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [(one["id"], one["language"]) for one in hooks] == [
        ("convlint", "system"),
        ("convlint-isolated", "python"),
    ]


def test_commits_are_stopped_and_let_through(project: Scratch) -> None:
    project.write(".pre-commit-config.yaml", CONFIGURATION)
    project.run("pre-commit install", check=True)

    def commit(*names: str) -> str:
        project.run(f"git add {' '.join(names)}", check=True)
        done = project.run("git commit -qm wip")
        commits = project.run("git rev-list --count HEAD").stdout.strip()
        return f"{done.returncode} {commits if commits.isdigit() else 0}\n{done.stdout}"

    assert commit(".pre-commit-config.yaml").startswith("0 1\n")
    stopped = commit("autoencoder.py")
    assert stopped.startswith("1 1\n")
    assert "exit code: 1" in stopped
    assert "CL101" in stopped
    mended = (project.path / "autoencoder.py").read_text().replace("(32, 1", "(16, 1")
    project.write("autoencoder.py", mended)
    let_through = commit("autoencoder.py")
    assert let_through.startswith("0 2\n"), let_through
    assert "Passed" in let_through
    assert commit("classifier.py").startswith("1 2\n")  # the ensemble is made of it


def test_it_can_be_tried_before(project: Scratch) -> None:
    project.run("git add .", check=True)
    done = project.run(f"pre-commit try-repo {project.checkout} convlint --files autoencoder.py")
    assert done.returncode == 1, done.stdout
    assert "CL101" in done.stdout
    assert "CL551" not in done.stdout


@pytest.mark.skipif("CONVLINT_DOWNLOADS" not in os.environ, reason="installs another torch")
def test_isolated(project: Scratch) -> None:
    """As `CONVLINT_DOWNLOADS=torch==2.13.0`: the torch that the environment gets."""
    torch = os.environ["CONVLINT_DOWNLOADS"]
    hook = f"convlint-isolated\n        additional_dependencies: [{torch}]"
    project.write(".pre-commit-config.yaml", CONFIGURATION.replace("id: convlint", f"id: {hook}"))
    project.run("git add .", check=True)
    done = project.run("pre-commit run --files classifier.py", PYTHONPATH="")
    assert done.returncode == 1, done.stdout
    assert "CL551" in done.stdout
