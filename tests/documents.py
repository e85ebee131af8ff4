"""What README and docs print is what the tool prints.

In a fenced `console` block every line that begins with `$ ` is a command, what follows it is its
output.  Behind `console` may stand a folder: then the block is run in a copy of it, a project of
its own (`tests/scratch.py`), with the files of the document; the blocks of a document share one.
A file is any fenced block that begins with its name in a comment, as `# pyproject.toml`.

`python -m tests.documents` writes the true outputs into the documents.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.scratch import Scratch

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```console(?: (\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^```\w+\n# (\S+\.\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SECONDS = re.compile(r"\b\d+\.\d+s\b( \([\d:]+\))?")


@dataclass(frozen=True, slots=True)
class Block:
    """Commands with what they print, and the folder whose copy they run in; None for this one."""

    folder: str | None
    text: str

    @property
    def commands(self) -> Iterator[tuple[str, str]]:
        """Every command with the output that is printed behind it."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


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


def blocks(document: Path) -> Iterator[Block]:
    """The console blocks of a document."""
    for found in _BLOCK.finditer(document.read_text(encoding="utf-8")):
        yield Block(found[1], found[2])


def files(document: Path) -> Iterator[tuple[str, str]]:
    """Name and content of the files that a document shows."""
    for found in _FILE.finditer(document.read_text(encoding="utf-8")):
        yield found[1], found[2]


def scratch(document: Path, place: Path) -> Scratch | None:
    """The project that the commands of a document run in, if some do."""
    folders = {block.folder for block in blocks(document) if block.folder is not None}
    if not folders:
        return None
    (folder,) = folders
    made = Scratch(place, ROOT / folder)
    for name, text in files(document):
        made.write(name, text)
    return made


def same(printed: str, documented: str) -> bool:
    """Whether two outputs are the same, whatever time it took."""
    one, other = (_SECONDS.sub("…s", text.rstrip()) for text in (printed, documented))
    return one == other


def rewritten(text: str, inside: Callable[[str], str]) -> str:
    """A document with the true outputs; `inside` runs a command in its project."""

    def block(found: re.Match[str]) -> str:
        run = inside if found[1] else executed
        lines = []
        for command, before in Block(found[1], found[2]).commands:
            output = run(command)
            kept = before if same(output, before) else output
            lines.append(f"$ {command}\n{kept.rstrip()}".rstrip() + "\n")
        return f"{found[0].partition(chr(10))[0]}\n" + "\n".join(lines) + "```"

    return _BLOCK.sub(block, text)


if __name__ == "__main__":
    chosen = [path for path in DOCUMENTS if not sys.argv[1:] or path.name in sys.argv[1:]]
    for path in chosen:
        with tempfile.TemporaryDirectory() as place:
            project = scratch(path, Path(place))

            def inside(command: str, project: Scratch | None = project) -> str:
                """Run it there."""
                assert project is not None
                return project.run(command).stdout

            text = rewritten(path.read_text(encoding="utf-8"), inside)
        path.write_text(text, encoding="utf-8")
