"""The GitLab component: its form, its documentation, and its script, run by bash."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documents import files
from tests.scratch import Scratch

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "templates" / "convlint.yml"
HEADER, _ = list(yaml.safe_load_all(FILE.read_text(encoding="utf-8")))
INPUTS: dict[str, Any] = HEADER["spec"]["inputs"]


def pipeline(**inputs: str) -> dict[str, Any]:
    """The configuration that GitLab makes of the component with these inputs."""

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {filled(key): filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [filled(one) for one in value]
        if isinstance(value, str):
            return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda m: known[m[1]], value)
        return value

    known = {name: one["default"] for name, one in INPUTS.items()} | inputs
    made: dict[str, Any] = filled(list(yaml.safe_load_all(FILE.read_text(encoding="utf-8")))[1])
    return made


def test_its_form(tmp_path: Path) -> None:
    """GitLab's schema knows a header, and what is behind it; a file with both it cannot read."""
    program = Path(sys.executable).parent / "check-jsonschema"
    for name, content in {"header.yml": HEADER, "jobs.yml": pipeline()}.items():
        (tmp_path / name).write_text(yaml.safe_dump(content), encoding="utf-8")
        words = ["--builtin-schema", "vendor.gitlab-ci", tmp_path / name]
        subprocess.run([program, *words], check=True)


def test_every_input_is_used_and_documented() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(INPUTS)
    document = ROOT / "docs" / "ci.md"
    page = document.read_text(encoding="utf-8")
    section = page[page.index("## GitLab") : page.index("## Docker")]
    for name in INPUTS:
        assert f"`{name}`" in section, name
    included = yaml.safe_load(dict(files(document))[".gitlab-ci.yml"])["include"]
    assert all(set(one["inputs"]) <= set(INPUTS) for one in included)


@pytest.mark.parametrize(
    ("args", "status", "codes"),
    [
        ("", 1, ["CL101", "CL551"]),
        ("'classifier.py:Classifier(classes = 3)' --input 1,3,32,32", 0, []),
        ("autoencoder --fail-on never", 0, ["CL101"]),
        ("--no-such-option", 2, None),
    ],
)
def test_the_script(tmp_path: Path, args: str, status: int, codes: list[str] | None) -> None:
    project = Scratch(tmp_path, ROOT / "examples" / "gate")
    (job,) = pipeline(args=args).values()
    install, *script = job["script"]
    assert install.startswith("pip install")
    done = project.run("set -eo pipefail\n" + "\n".join(script))
    assert done.returncode == status, done.stdout
    report = project.path / job["artifacts"]["reports"]["codequality"]
    if codes is None:
        assert not report.exists()
    else:
        found = json.loads(report.read_text(encoding="utf-8"))
        assert sorted(one["check_name"].split()[0] for one in found) == codes
