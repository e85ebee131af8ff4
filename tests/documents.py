"""What README and docs print is what the tool prints.

In a fenced `console` block every line that begins with `$ ` is a command, what follows it is its
output.  `python -m tests.documents` writes the true outputs into the files.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def executed(command: str) -> str:
    """What `command` prints on a pipe, stderr included; `echo $?` tells the last exit status."""
    plain, _, tail = command.partition("; ")
    words = shlex.split(plain)
    assert words[0] == "convlint", f"only convlint is run: {command}"
    environment = {
        k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "CONVLINT_STRICT")
    }
    done = subprocess.run(
        [sys.executable, "-m", "convlint", *words[1:]],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={**environment, "COLUMNS": "100", "CONVLINT_NO_CACHE": "1"},
    )
    status = f"{done.returncode}\n" if tail == "echo $?" else ""
    return done.stdout + status


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Every command of a block with the output that is printed behind it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def blocks(document: Path) -> Iterator[str]:
    """The console blocks of a document."""
    for found in _BLOCK.finditer(document.read_text(encoding="utf-8")):
        yield found.group(1)


def rewritten(text: str) -> str:
    """A document with the true outputs."""

    def block(found: re.Match[str]) -> str:
        lines = [
            f"$ {command}\n{executed(command).rstrip()}\n"
            for command, _ in commands(found.group(1))
        ]
        return "```console\n" + "\n".join(lines) + "```"

    return _BLOCK.sub(block, text)


if __name__ == "__main__":
    for path in DOCUMENTS:
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")
