"""A project of somebody else: a git repository below a home of its own, with convlint installed.

What users fetch from `HOME_PAGE` is this checkout, as it is, under its version as a tag.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME_PAGE = "https://github.com/convlint/convlint"
_KEPT = re.compile(r"LANG|TMPDIR|PIP_\w+|SSL_\w+|\w+_proxy|\w+_PROXY")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


class Scratch:
    """A project in `place`, with a copy of `folder`."""

    def __init__(self, place: Path, folder: Path) -> None:
        self.path = place / "project"
        self.home = place / "home"
        self.checkout = place / "convlint"
        shutil.copytree(folder, self.path, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        (self.home / "bin").mkdir(parents=True)
        self._install()
        self._publish()
        self.run("git init --quiet .", check=True)

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def run(
        self, command: str, *, check: bool = False, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a line of bash in the project; `stdout` has what it prints, stderr included."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.path,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=check,
        )

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of ours but where programs and packages are."""
        kept = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
        programs = (self.home / "bin", Path(sys.executable).parent)
        return {
            **kept,
            "HOME": str(self.home),
            "PATH": os.pathsep.join((*map(str, programs), os.environ["PATH"])),
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(self.home / "site"))),
            "PRE_COMMIT_HOME": str(self.home / "pre-commit"),
            "PRE_COMMIT_COLOR": "never",
            "COLUMNS": "100",
        }

    def _install(self) -> None:
        """Put `convlint` and its plugin for pytest where an installation would."""
        for name in ("convlint", "pytest"):
            script = self.home / "bin" / name
            script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {name} "$@"\n')
            script.chmod(0o755)
        info = self.home / "site" / f"convlint-{PROJECT['version']}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: convlint\nVersion: {PROJECT['version']}\n"
        )
        plugins = PROJECT["entry-points"]["pytest11"].items()
        lines = [f"{name} = {module}" for name, module in plugins]
        (info / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines, ""]))

    def _publish(self) -> None:
        """Make a repository of this checkout, and let git find it at the home page."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split("\0")
        for name in listed:
            if (ROOT / name).is_file():
                (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.checkout / name)
        (self.home / ".gitconfig").write_text(
            "[user]\nname = Newcomer\nemail = newcomer@example.org\n[init]\ndefaultBranch = main\n"
            f'[url "{self.checkout}"]\ninsteadOf = {HOME_PAGE}\n'
        )
        self.run(
            f"cd {shlex.quote(str(self.checkout))} && git init --quiet . && git add --all"
            f" && git commit --quiet -m release && git tag v{PROJECT['version']}",
            check=True,
        )
