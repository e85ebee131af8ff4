"""Every command in README and docs prints what is printed there; every snippet runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import DOCUMENTS, ROOT, blocks, commands, executed

COMMANDS = [
    (document.name, command, output)
    for document in DOCUMENTS
    for block in blocks(document)
    for command, output in commands(block)
]
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


@pytest.mark.parametrize(("document", "snippet"), SNIPPETS, ids=lambda v: v[:40])
def test_snippet(document: str, snippet: str) -> None:
    subprocess.run([sys.executable, "-c", snippet], cwd=ROOT / "examples", check=True)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_links_to_files(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
        assert (document.parent / target).exists(), target


def test_there_is_something_to_test() -> None:
    assert COMMANDS
    assert SNIPPETS
