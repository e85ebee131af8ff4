"""Every command in README and docs prints what is printed there; every snippet runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from convlint.config import load
from tests.documents import DOCUMENTS, ROOT, blocks, executed, files, same, scratch

COMMANDS = [
    (document.name, command, output)
    for document in DOCUMENTS
    for block in blocks(document)
    for command, output in block.commands
    if block.folder is None
]
PROJECTS = [document for document in DOCUMENTS if any(block.folder for block in blocks(document))]
FILES = [(document.name, *file) for document in DOCUMENTS for file in files(document)]
SNIPPETS = [
    (document.name, found.group(1))
    for document in DOCUMENTS
    for found in re.finditer(
        r"^```python\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
]


@pytest.mark.parametrize(("document", "command", "output"), COMMANDS, ids=lambda v: v[:60])
def test_printed_output(document: str, command: str, output: str) -> None:
    assert executed(command).rstrip() == output.rstrip(), "stale: run python -m tests.documents"


@pytest.mark.parametrize("document", PROJECTS, ids=lambda d: d.name)
def test_printed_in_a_project(document: Path, tmp_path: Path) -> None:
    project = scratch(document, tmp_path)
    assert project is not None
    for block in blocks(document):
        for command, output in block.commands if block.folder else ():
            printed = project.run(command).stdout
            assert same(printed, output), f"stale: run python -m tests.documents\n{printed}"


@pytest.mark.parametrize(("document", "name", "text"), FILES, ids=lambda v: v[:40])
def test_files_are_valid(document: str, name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / Path(name).name
    file.write_text(text, encoding="utf-8")
    folder = Path(sys.executable).parent
    schema = {".gitlab-ci.yml": "gitlab-ci"}.get(name, "github-workflows")
    if file.suffix == ".toml":
        assert load(file).targets
    elif file.name == ".pre-commit-config.yaml":
        subprocess.run([folder / "pre-commit", "validate-config", file], check=True)
    else:
        words = ["--builtin-schema", f"vendor.{schema}", file]
        subprocess.run([folder / "check-jsonschema", *words], check=True)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_every_yaml_is_a_file(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    every = re.findall(r"^```ya?ml\n(.*)", text, re.MULTILINE)
    assert all(re.fullmatch(r"# \S+\.yml|# \S+\.yaml", first) for first in every), every


@pytest.mark.parametrize(("document", "snippet"), SNIPPETS, ids=lambda v: v[:40])
def test_snippet(document: str, snippet: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-c", snippet], cwd=ROOT / "examples", check=True, env=environment
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_links_to_files(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
        assert (document.parent / target).exists(), target


def test_there_is_something_to_test() -> None:
    assert COMMANDS
    assert SNIPPETS
