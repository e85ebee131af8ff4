"""The Dockerfile, as far as it can be tried without docker: by a linter, and by its build step."""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = re.findall(r"^([A-Z]+) ((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)


def test_a_linter_finds_nothing() -> None:
    program = Path(sys.executable).parent / "hadolint"
    subprocess.run([program, ROOT / "Dockerfile"], check=True)


def test_what_it_promises() -> None:
    last = dict(INSTRUCTIONS)
    assert last["ENTRYPOINT"] == '["convlint"]'
    assert last["USER"].isdigit()
    assert int(last["USER"]) > 0
    assert all("slim" in value for name, value in INSTRUCTIONS if name == "FROM")
    (index,) = (value for name, value in INSTRUCTIONS if name == "ARG")
    assert index.endswith("/cpu")


def test_the_wheel_is_built_from_what_is_sent(tmp_path: Path) -> None:
    """Whatever `.dockerignore` leaves out is not missed."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    for name in sent:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, tmp_path / "src" / name, ignore=ignored)
        else:
            (tmp_path / "src").mkdir(exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "src" / name)
    copied = [value.split()[0] for name, value in INSTRUCTIONS if name == "COPY"]
    assert all(one in (".", "--from=build") or one in sent for one in copied)
    (command,) = (v for n, v in INSTRUCTIONS if n == "RUN" and v.startswith("pip wheel"))
    words = command.replace("/wheels", str(tmp_path / "wheels")).split()
    subprocess.run([sys.executable, "-m", *words, "-q"], cwd=tmp_path / "src", check=True)
    (wheel,) = (tmp_path / "wheels").iterdir()
    assert fnmatch.fnmatch(wheel.name, "convlint-*-py3-none-any.whl")
