"""The GitHub Action: its form, what its documentation says, and its steps, run by bash.

Steps with `uses` are GitHub's and are not run; an expression is replaced by what it would be.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documents import DOCUMENTS, files
from tests.scratch import HOME_PAGE, Scratch

ROOT = Path(__file__).resolve().parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INPUTS: dict[str, Any] = ACTION["inputs"]
STEPS: dict[str, Any] = {step["name"]: step for step in ACTION["runs"]["steps"]}


@dataclass
class Job:
    """A job of GitHub Actions around a project."""

    project: Scratch
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        return (self.project.home / "summary.md").read_text(encoding="utf-8")

    def run(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run a step as `shell: bash` does, with these inputs."""
        step, runner = STEPS[name], self.project.home
        assert step["shell"] == "bash"
        given = {key: str(value["default"]) for key, value in INPUTS.items()} | inputs
        sarif = f"{runner}/convlint.sarif" if given["sarif"] == "true" else ""
        version = f"convlint=={given['version']}" if given["version"] else ""
        known = {
            **{f"inputs.{key}": value for key, value in given.items()},
            "inputs.sarif == 'true' && format('{0}/convlint.sarif', runner.temp) || ''": sarif,
            "inputs.version && format('convlint=={0}', inputs.version) || github.action_path": (
                version or str(self.project.checkout)
            ),
        }
        environment = {
            key: re.sub(r"\$\{\{ (.*?) \}\}", lambda m: known[m[1]], value)
            for key, value in step["env"].items()
        }
        (runner / "step.sh").write_text(step["run"], encoding="utf-8")
        (runner / "outputs").write_text("")
        done = self.project.run(
            f"bash --noprofile --norc -eo pipefail {runner}/step.sh",
            GITHUB_ACTIONS="true",
            GITHUB_OUTPUT=f"{runner}/outputs",
            GITHUB_STEP_SUMMARY=f"{runner}/summary.md",
            GITHUB_WORKSPACE=str(self.project.path),
            **environment,
        )
        lines = (runner / "outputs").read_text(encoding="utf-8").splitlines()
        self.outputs = {key: value for key, _, value in (line.partition("=") for line in lines)}
        return done


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(Scratch(tmp_path, ROOT / "examples" / "gate"))


def test_its_form() -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    words = ["--builtin-schema", "vendor.github-actions", ROOT / "action.yml"]
    subprocess.run([program, *words], check=True)


def test_what_workflows_pass_in_never_is_code() -> None:
    for step in STEPS.values():
        assert "${{" not in step.get("run", ""), step["name"]


def test_every_expression_names_what_there_is() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"\binputs\.([\w-]+)", text))
    assert named == set(INPUTS)
    ids = {step["id"] for step in STEPS.values() if "id" in step}
    assert set(re.findall(r"\bsteps\.([\w-]+)\.", text)) == ids


def test_the_documentation_has_every_input() -> None:
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    table = text[text.index("## GitHub") : text.index("## GitLab")]
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == list(INPUTS)
    for document in DOCUMENTS:
        for name, written in files(document):
            if not name.startswith(".github/"):
                continue
            for step in yaml.safe_load(written)["jobs"]["convlint"]["steps"]:
                if HOME_PAGE.endswith(step["uses"].partition("@")[0]):
                    assert set(step["with"]) <= set(INPUTS), name


@pytest.mark.parametrize(
    ("args", "status"),
    [
        ("", "1"),
        ("'classifier.py:Classifier(classes = 3)' --input 1,3,32,32 --expect N,3", "0"),
        ("classifier.py:Absent", "2"),
        ("--fail-on never; echo $HOME `id`", "2"),
    ],
)
def test_the_exit_status_is_kept(job: Job, args: str, status: str) -> None:
    done = job.run("Lint", args=args)
    assert str(done.returncode) == status, done.stdout
    assert job.outputs == {"status": status}


def test_annotations_summary_and_sarif(job: Job) -> None:
    done = job.run("Lint", sarif="true")
    assert (done.returncode, job.outputs["status"]) == (1, "1")
    assert re.search(r"^::error file=autoencoder\.py,line=8,.*CL101", done.stdout, re.MULTILINE)
    assert re.search(r"^::warning file=ensemble\.py,line=10,", done.stdout, re.MULTILINE)
    assert "autoencoder" in job.summary
    log = json.loads(Path(job.outputs["sarif"]).read_text(encoding="utf-8"))
    found = [result["ruleId"] for run in log["runs"] for result in run["results"]]
    assert sorted(found) == ["CL101", "CL551"]


def test_arguments_that_cannot_be_read_fail(job: Job) -> None:
    done = job.run("Lint", args="classifier 'net")
    assert (done.returncode, job.outputs) == (2, {})
    assert done.stdout.count("\n") == 1


def test_what_is_installed(job: Job) -> None:
    """pip reads the words, and tells what it would install; torch is there already."""
    (job.project.path / "requirements.txt").write_text("einops\n")
    told = job.project.home / "report.json"
    words = f"-r requirements.txt --dry-run --report {told}"
    done = job.run("Install", **{"install": words, "torch-index": ""})
    assert done.returncode == 0, done.stdout
    (found,) = json.loads(told.read_text(encoding="utf-8"))["install"]
    assert found["download_info"]["url"] == job.project.checkout.as_uri()
    done = job.run("Install", install="-r absent.txt")
    assert done.returncode == 1
    assert "absent.txt" in done.stdout
